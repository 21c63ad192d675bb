// Stands in for device_feed.cpp where there was no nvcc.
#include <fmt/format.h>

#include "pipeline/error.h"
#include "pipeline/gpu/device_feed.h"

namespace datamon::pipeline::gpu {

void check_gpu(const PipelineOptions& options) {
  throw PipelineError(
      fmt::format("--backend {}: this program was built without CUDA; build it again where nvcc is "
                  "(scripts/bootstrap.sh cuda brings it), or use --backend cpu",
                  to_string(options.backend)));
}

std::unique_ptr<BatchFeed> make_device_feed(const Source&, const PipelineOptions& options,
                                            const StopFlag&) {
  check_gpu(options);
  return nullptr;
}

}  // namespace datamon::pipeline::gpu
