# Tests of the loader and of the program datamon-pipeline.
add_library(datamon_pipeline_testing STATIC dataset.cpp jpeg_writer.cpp program.cpp)
target_include_directories(datamon_pipeline_testing PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(datamon_pipeline_testing PRIVATE
  DATAMON_PIPELINE_PROGRAM="$<TARGET_FILE:datamon-pipeline>")
target_link_libraries(datamon_pipeline_testing PUBLIC
  datamon_pipeline fmt::fmt nlohmann_json::nlohmann_json JPEG::JPEG GTest::gtest)
datamon_warnings(datamon_pipeline_testing)

# datamon_pipeline_test(NAME [property value...]): the tests of NAME.cpp.
function(datamon_pipeline_test name)
  add_executable(${name} ${name}.cpp)
  target_link_libraries(${name} PRIVATE datamon_pipeline_testing GTest::gtest_main)
  add_dependencies(${name} datamon-pipeline)
  datamon_warnings(${name})
  gtest_discover_tests(${name} TEST_PREFIX pipeline. PROPERTIES TIMEOUT 120 ${ARGN})
endfunction()

datamon_pipeline_test(loader_test)
target_sources(loader_test PRIVATE errors_test.cpp faults_test.cpp pipeline_recording_test.cpp
               rates_test.cpp tar_test.cpp)
# What MON=1 leaves is read with the report's own reader.
target_link_libraries(loader_test PRIVATE datamon_report)
target_compile_definitions(loader_test PRIVATE
  DATAMON_MONITOR_LIBRARY="$<TARGET_FILE:datamon_monitor>")
add_dependencies(loader_test datamon_monitor)
# Replaces malloc.
datamon_pipeline_test(memory_test)
# Measures wall time, which other tests would take from it.
datamon_pipeline_test(slow_test RUN_SERIAL TRUE)

# GPU backends, as far as they go without a GPU.
datamon_pipeline_test(gpu_cut_test)
target_link_libraries(gpu_cut_test PRIVATE host_gpu)
target_compile_options(gpu_cut_test PRIVATE -ffp-contract=off)
datamon_pipeline_test(gpu_program_test)
datamon_pipeline_test(nvjpeg_test)
if(DATAMON_CUDA_FOUND)
  find_file(NVJPEG_HEADER nvjpeg.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_file(NVJPEG_LIBRARY NAMES libnvjpeg.so.13 libnvjpeg.so.12 HINTS ${CUDAToolkit_LIBRARY_DIR})
  target_link_libraries(nvjpeg_test PRIVATE datamon_cuda)
  if(NVJPEG_HEADER)
    target_compile_definitions(nvjpeg_test PRIVATE DATAMON_NVJPEG_HEADER)
  endif()
  if(NVJPEG_LIBRARY)
    target_compile_definitions(nvjpeg_test PRIVATE DATAMON_NVJPEG_LIBRARY="${NVJPEG_LIBRARY}")
  endif()
endif()

# What runs behind the cut, with CUDA's runtime and nvJPEG played by the CPU.
if(DATAMON_CUDA_FOUND)
  add_library(host_nvjpeg MODULE host_nvjpeg.cpp)
  target_link_libraries(host_nvjpeg PRIVATE datamon_ops)
  datamon_warnings(host_nvjpeg)
  function(datamon_on_host name)
    target_sources(${name} PRIVATE host_cuda.cpp)
    target_link_libraries(${name} PRIVATE datamon_cuda)
    target_compile_definitions(${name} PRIVATE DATAMON_HOST_NVJPEG="$<TARGET_FILE:host_nvjpeg>")
    target_compile_options(${name} PRIVATE -ffp-contract=off)
    # host_nvjpeg puts its work on the test's streams.
    set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
    add_dependencies(${name} host_nvjpeg)
  endfunction()
  datamon_pipeline_test(gpu_feed_test)
  datamon_on_host(gpu_feed_test)
endif()

# Run where there is a GPU, skipped (and said so) elsewhere.
if(DATAMON_CUDA_FOUND)
  datamon_pipeline_test(gpu_device_test RUN_SERIAL TRUE)
  target_link_libraries(gpu_device_test PRIVATE host_gpu ops_images datamon_gpu_kernels)
  target_compile_options(gpu_device_test PRIVATE -ffp-contract=off)

  # The same tests there, so that on a GPU none fails for a mistake of its own.
  add_executable(gpu_device_on_host gpu_device_test.cpp)
  target_link_libraries(gpu_device_on_host PRIVATE datamon_pipeline_testing host_gpu ops_images GTest::gtest_main)
  datamon_on_host(gpu_device_on_host)
  datamon_warnings(gpu_device_on_host)
  gtest_discover_tests(gpu_device_on_host TEST_PREFIX pipeline.on_host. TEST_FILTER DevicePipeline.*
    PROPERTIES TIMEOUT 120 ENVIRONMENT "DATAMON_NVJPEG=$<TARGET_FILE:host_nvjpeg>")
endif()
