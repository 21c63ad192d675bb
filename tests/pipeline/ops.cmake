# Tests of the image operators.
add_executable(datamon_ops_tool ops_tool.cpp)
target_link_libraries(datamon_ops_tool PRIVATE datamon_ops)
datamon_warnings(datamon_ops_tool)
