// What to do where a device, or the way to it, holds the step up.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {

namespace th = thresholds;

void help_launches(const Case& c, Advice& out) {
  const GpuEvidence& gpu = c.evidence.gpu;
  Remedy launch_less{
      "launch less, or ahead: CUDA graphs (torch.compile(mode=\"reduce-overhead\")), fused "
      "optimizers, a larger batch; no .item() or print of a tensor in the loop",
      fmt::format("the GPU idles {} of the time while the loop gets to its next launch",
                  percent_text(gpu.idle_host))};
  // The best that it can bring: the device never waits for a launch.
  const double rest = std::max(0.05, 1 - gpu.idle_host / std::max(0.1, 1 - gpu.idle_data));
  launch_less.at_most = true;
  launch_less.simulated_as = {{ChangeKind::kConsumer, rest, ""}};
  out.remedies.push_back(std::move(launch_less));
}

void help_transfer(const Case& c, Advice& out) {
  const GpuEvidence& gpu = c.evidence.gpu;
  const std::string share = fmt::format("transfers hold the step {} of its time",
                                        percent_text(c.evidence.step.transfer.value));
  if (gpu.known && gpu.to_device_s > 0 && gpu.pageable_share < th::kMostCopies)
    out.remedies.push_back(
        {"start the next batch's copy while this one computes: a prefetcher with a stream of its "
         "own, .to(device, non_blocking=True)",
         fmt::format("{}; they come from pinned memory already, but only {} of them runs beside "
                     "kernels",
                     share, percent_text(gpu.overlapped_share))});
  else
    out.remedies.push_back(
        {"copy from pinned memory and asynchronously, while the step before computes (PyTorch: "
         "pin_memory=True and .to(device, non_blocking=True))",
         gpu.pageable_share > 0 ? fmt::format("{}; {} of the copies' time is from pageable memory",
                                              share, percent_text(gpu.pageable_share))
                                : share});
  out.remedies.push_back({"transfer uint8 or half precision and convert on the device",
                          "a quarter or half of float32's bytes"});
}

}  // namespace datamon::report
