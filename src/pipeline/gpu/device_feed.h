// The GPU behind the loader: takes batches at the cut, copies them to the device, decodes there
// what is still a file, and runs the fused kernel. Copying, computing and the consumer's work
// overlap: up to kDeviceLanes batches are on the device at a time, each with a stream and memory of
// its own.
//
// Ownership: owns loader, streams and memory, all of it allocated by the constructor (what nvJPEG
// takes for larger images comes later). A batch's device memory is valid until the next call of
// next(). Thread-safety: none; one consumer thread. Errors: PipelineError.
#pragma once

#include <memory>

#include "pipeline/batch_feed.h"

namespace datamon::pipeline::gpu {

// Precondition: options.backend is a GPU's. Throws when there is no usable GPU, when it has too
// little memory, when nvJPEG is needed and missing, or when the program was built without CUDA.
std::unique_ptr<BatchFeed> make_device_feed(const Source& source, const PipelineOptions& options,
                                            const StopFlag& interrupted);

// The same tests, without making anything; for a clear end before any work.
void check_gpu(const PipelineOptions& options);

}  // namespace datamon::pipeline::gpu
