# Tests of the image operators.
# The GPU operators' bodies, run on the CPU.
add_library(host_gpu STATIC host_gpu.cpp)
target_link_libraries(host_gpu PUBLIC datamon_gpu_plan)

add_executable(datamon_ops_tool ops_tool.cpp)
target_link_libraries(datamon_ops_tool PRIVATE datamon_ops host_gpu)

add_library(ops_images STATIC ops_images.cpp)
target_link_libraries(ops_images PUBLIC datamon_headers PRIVATE JPEG::JPEG)

add_executable(ops_test ops_crop_test.cpp ops_jpeg_test.cpp ops_transform_test.cpp)
target_link_libraries(ops_test PRIVATE datamon_ops ops_images GTest::gtest_main)
gtest_discover_tests(ops_test TEST_PREFIX ops.)

datamon_warnings(host_gpu datamon_ops_tool ops_images ops_test)
# As datamon_ops: the same arithmetic.
target_compile_options(host_gpu PRIVATE -ffp-contract=off)

# One thread, and slow under the thread sanitizer.
if(NOT DATAMON_ONLY_THREADED_TESTS)
  add_executable(gpu_kernels_test gpu_kernels_test.cpp)
  target_link_libraries(gpu_kernels_test PRIVATE host_gpu ops_images GTest::gtest_main)
  target_compile_options(gpu_kernels_test PRIVATE -ffp-contract=off)
  datamon_warnings(gpu_kernels_test)
  gtest_discover_tests(gpu_kernels_test TEST_PREFIX gpu.)
endif()

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
