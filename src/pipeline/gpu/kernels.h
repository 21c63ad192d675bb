// The GPU operators: each starts its work on a stream and returns at once.
//
// The fused operator is launch_transform (behind launch_weights). The same recipe in single steps:
// launch_transform with an output of u8 NHWC and tasks that do not flip (crop and resize alone),
// then launch_flip, launch_normalise, launch_reformat; each can be called by itself.
//
// Ownership: every pointer is the caller's device memory, untouched until the stream is through.
// Thread-safety: any thread; one stream's work is in order. Nothing is allocated.
// Errors: the CUDA error of the launch (cudaError_t as int; 0: none). Errors of the running kernel
// show up at the stream's next synchronisation, as with every launch.
#pragma once

#include "pipeline/gpu/elementwise_block.h"
#include "pipeline/gpu/sample_plan.h"
#include "pipeline/gpu/sample_task.h"

struct CUstream_st;

namespace datamon::pipeline::gpu {

using Stream = CUstream_st*;  // cudaStream_t

// Computes the weights of `samples` tasks (device memory), as plan_samples() has placed them.
int launch_weights(const SampleTask* tasks, int samples, int output_width, int output_height,
                   Stream stream);

// Makes the samples; their weights have to be there.
int launch_transform(const SampleTask* tasks, int samples, const SamplePlan& plan,
                     const OutputSpec& output, Stream stream);

int launch_flip(const FlipWork& work, Stream stream);
int launch_normalise(const NormaliseWork& work, Stream stream);
int launch_reformat(const ReformatWork& work, Stream stream);

}  // namespace datamon::pipeline::gpu
