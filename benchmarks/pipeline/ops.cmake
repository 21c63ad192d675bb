# What the image operators cost.
add_executable(bench-ops ops_bench.cpp)
target_link_libraries(bench-ops PRIVATE datamon_ops benchmark::benchmark JPEG::JPEG)
datamon_warnings(bench-ops)

# What the GPU's operators cost; says that it was not run where there is no GPU.
if(DATAMON_CUDA_FOUND)
  add_executable(bench-gpu gpu_bench.cpp)
  target_link_libraries(bench-gpu PRIVATE datamon_pipeline datamon_gpu_kernels benchmark::benchmark)
  datamon_warnings(bench-gpu)
endif()
