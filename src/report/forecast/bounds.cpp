#include "report/forecast/bounds.h"

#include <algorithm>
#include <vector>

namespace datamon::report {
namespace {

double rate(double count, double seconds) { return seconds > 0 ? count / seconds : kUnlimited; }

double factor_of(const LoaderSetup& setup, std::size_t worker) {
  return worker < setup.worker_factor.size() ? setup.worker_factor[worker] : 1.0;
}

}  // namespace

double Bounds::least() const { return std::min({workers, cores, storage, hand_off, consumer}); }

const char* Bounds::limit() const {
  const double bound = least();
  if (bound == consumer) return "consumer";
  if (bound == cores) return "cores";
  if (bound == workers) return "workers";
  return bound == storage ? "storage" : "hand-off";
}

Bounds bounds_of(const LoaderSetup& setup, std::span<const BatchWork> batches,
                 std::span<const StepWork> steps) {
  const std::size_t count = std::min(batches.size(), steps.size());
  const auto workers = static_cast<std::size_t>(std::max(0, setup.workers));
  const auto n = static_cast<double>(count);
  std::vector<double> busy_s(std::max<std::size_t>(workers, 1), 0.0);
  double cpu_s = 0, storage_s = 0, consumer_s = 0, making_s = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t epoch_k = setup.epoch_steps > 0 ? k % setup.epoch_steps : k;
    const std::size_t w = workers > 0 ? epoch_k % workers : 0;
    const double factor = workers > 0 ? factor_of(setup, w) : 1.0;
    const double work_s = batches[k].storage_s + batches[k].delay_s + batches[k].cpu_s;
    busy_s[w] += work_s * factor;
    making_s += work_s;
    cpu_s += batches[k].cpu_s * factor + steps[k].receive_cpu_s + steps[k].cpu_s;
    storage_s += batches[k].storage_s * factor;
    consumer_s += steps[k].receive_delay_s + steps[k].receive_cpu_s + steps[k].delay_s +
                  steps[k].cpu_s / std::max(setup.consumer_threads, 1e-9);
  }
  Bounds bounds;
  bounds.consumer = rate(n, workers > 0 ? consumer_s : consumer_s + making_s);
  bounds.storage = rate(n * setup.storage_concurrency, storage_s);
  if (workers > 0) {
    // In order: the one with most to do decides.
    bounds.workers = rate(n, *std::max_element(busy_s.begin(), busy_s.end()));
    const double feeder_s = setup.feeder_cpu_s + setup.feeder_delay_s;
    const double busiest = static_cast<double>((count + workers - 1) / workers);
    bounds.hand_off =
        std::min(rate(n, feeder_s * busiest), rate(1, setup.pin_cpu_s + setup.pin_delay_s));
    cpu_s += n * (setup.feeder_cpu_s + setup.pin_cpu_s);
  }
  const double ours =
      setup.cores < kUnlimited ? setup.cores / (1 + setup.other_groups * setup.cores) : kUnlimited;
  bounds.cores = rate(n * ours, cpu_s);
  return bounds;
}

}  // namespace datamon::report
