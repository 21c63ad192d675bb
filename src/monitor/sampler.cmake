# The sampler of the machine's readings, part of the monitor library.
add_library(datamon_sampler STATIC
  sampler.cpp
  sampler_lock.cpp
  sampler_metrics.cpp
  sampler_processes.cpp
  sampler_rows.cpp
  sampler_thread.cpp)
target_link_libraries(datamon_sampler PUBLIC datamon_headers datamon_system Threads::Threads)
target_compile_options(datamon_sampler PRIVATE -fno-exceptions -fvisibility=hidden
                       -fvisibility-inlines-hidden)
datamon_warnings(datamon_sampler)
