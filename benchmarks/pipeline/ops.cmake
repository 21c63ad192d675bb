# What the image operators cost.
add_executable(bench-ops ops_bench.cpp)
target_link_libraries(bench-ops PRIVATE datamon_ops benchmark::benchmark JPEG::JPEG)
datamon_warnings(bench-ops)
