#include "calls.h"

#include <algorithm>

namespace datamon::cupti {
namespace {

// Launches, copies, settings (each also for the per-thread default stream), then
// what waits only.
constexpr IdRange kRuntimeCalls[] = {
    {13, 13},    // cudaLaunch
    {31, 52},    // cudaMemcpy ... cudaMemset2DAsync
    {142, 145},  // cudaMemset3D, cudaMemcpy3D
    {160, 163},  // cudaMemcpyPeer
    {211, 211},  // cudaLaunchKernel
    {213, 236},  // the same for the per-thread stream: cudaLaunch ... cudaMemset2DAsync
    {243, 246},  // cudaMemset3D, cudaMemcpy3D
    {249, 250},  // cudaMemcpy3DPeer
    {269, 270},  // cudaLaunchCooperativeKernel
    {311, 312},  // cudaGraphLaunch
    {430, 431},  // cudaLaunchKernelExC
    {505, 506},  // __cudaLaunchKernel, what <<<>>> is since CUDA 13
    {482, 485},  // cudaMemcpyBatchAsync, cudaMemcpy3DBatchAsync
    {509, 512},  // the same of CUDA 13
    {126, 126},  // cudaThreadSynchronize
    {131, 131},  // cudaStreamSynchronize
    {137, 137},  // cudaEventSynchronize
    {165, 165},  // cudaDeviceSynchronize
    {239, 239},  // cudaStreamSynchronize, per-thread stream
};
constexpr IdRange kDriverCalls[] = {
    {216, 216}, {218, 218}, {220, 220}, {222, 222}, {224, 224}, {226, 226},  // cuMemset..Async
    {249, 254},                                                              // cuMemset.._v2
    {276, 293},                                                              // cuMemcpy.._v2
    {305, 307},                          // cuMemcpy, cuMemcpyAsync, cuLaunchKernel
    {318, 321},                          // cuMemcpyPeer
    {397, 416},                          // cuMemcpy.._ptds, cuMemset.._ptds
    {418, 433},                          // cuMemcpy.._ptsz, cuMemset.._ptsz
    {442, 442},                          // cuLaunchKernel, per-thread stream
    {477, 478},                          // cuLaunchCooperativeKernel
    {514, 515},                          // cuGraphLaunch
    {652, 653},                          // cuLaunchKernelEx
    {776, 779}, {796, 799},              // cuMemcpyBatchAsync
    {17, 17},                            // cuCtxSynchronize
    {121, 121}, {126, 126}, {440, 440},  // cuEventSynchronize, cuStreamSynchronize
    {800, 800},                          // cuCtxSynchronize_v2
};

// Synchronising functions, and copies that return when they are done.
constexpr IdRange kRuntimeWaits[] = {{31, 40},   {126, 126}, {131, 131}, {137, 137},
                                     {144, 144}, {160, 160}, {162, 162}, {165, 165},
                                     {215, 224}, {239, 239}, {245, 245}, {249, 249}};
constexpr IdRange kDriverWaits[] = {{17, 17},   {121, 121}, {126, 126}, {276, 276}, {278, 278},
                                    {282, 282}, {287, 288}, {290, 290}, {292, 292}, {305, 305},
                                    {318, 318}, {320, 320}, {397, 398}, {402, 403}, {405, 410},
                                    {440, 440}, {800, 800}};

}  // namespace

std::span<const IdRange> recorded_calls(Api api) {
  if (api == Api::kRuntime) return kRuntimeCalls;
  return kDriverCalls;
}

bool waits_for_device(Api api, std::uint32_t id) {
  const std::span<const IdRange> waits =
      api == Api::kRuntime ? std::span<const IdRange>(kRuntimeWaits) : kDriverWaits;
  return std::any_of(waits.begin(), waits.end(),
                     [id](const IdRange& range) { return id >= range.first && id <= range.last; });
}

}  // namespace datamon::cupti
