// Marks functions that run on the CPU and on the GPU: one copy of the arithmetic serves both.
#pragma once

#if defined(__CUDACC__)
#define DATAMON_HOST_DEVICE __host__ __device__
#else
#define DATAMON_HOST_DEVICE
#endif
