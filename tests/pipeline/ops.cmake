# Tests of the image operators.
add_executable(datamon_ops_tool ops_tool.cpp)
target_link_libraries(datamon_ops_tool PRIVATE datamon_ops)

add_library(ops_images STATIC ops_images.cpp)
target_link_libraries(ops_images PUBLIC datamon_headers PRIVATE JPEG::JPEG)

add_executable(ops_test ops_crop_test.cpp ops_jpeg_test.cpp ops_transform_test.cpp)
target_link_libraries(ops_test PRIVATE datamon_ops ops_images GTest::gtest_main)
gtest_discover_tests(ops_test TEST_PREFIX ops.)

datamon_warnings(datamon_ops_tool ops_images ops_test)

# A sanitizer brings its own malloc, so allocations are counted in the other builds.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  add_executable(ops_allocation_test ops_allocation_test.cpp)
  target_link_libraries(ops_allocation_test PRIVATE datamon_ops ops_images GTest::gtest_main)
  datamon_warnings(ops_allocation_test)
  gtest_discover_tests(ops_allocation_test TEST_PREFIX ops.)
endif()

# One thread, and slow under the thread sanitizer.
if(NOT DATAMON_ONLY_THREADED_TESTS)
  datamon_pytest(pillow_ops pillow_ops_test.py)
endif()
