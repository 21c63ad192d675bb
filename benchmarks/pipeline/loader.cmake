# The yardstick of bench_pipeline.py.
add_executable(datamon-full-decode full_decode.cpp)
target_link_libraries(datamon-full-decode PRIVATE datamon_pipeline JPEG::JPEG)
datamon_warnings(datamon-full-decode)
