#include "pipeline/batch_feed.h"

#include "pipeline/gpu/device_feed.h"
#include "pipeline/loader.h"

namespace datamon::pipeline {

std::unique_ptr<BatchFeed> make_feed(const Source& source, const PipelineOptions& options,
                                     const StopFlag& interrupted) {
  if (options.backend == Backend::cpu)
    return std::make_unique<Loader>(source, options, interrupted);
  return gpu::make_device_feed(source, options, interrupted);
}

}  // namespace datamon::pipeline
