// What an image costs in each placement of the reference pipeline, as `datamon-pipeline DATA
// --rates FILE` measured it (docs/gpu.md describes the file).
//
// The file is untrusted: its size and every number are bounded. Errors: RatesError that names file,
// field, what is wrong and what to do. Thread-safety: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace datamon::report {

// Where images are prepared: all on the CPU; decoding there and the rest on the GPU; all but
// reading on the GPU.
enum class Placement { kCpu, kHybrid, kGpu };
inline constexpr std::array<Placement, 3> kPlacements{Placement::kCpu, Placement::kHybrid,
                                                      Placement::kGpu};
const char* to_string(Placement placement);  // "cpu", "hybrid", "gpu"
std::optional<Placement> placement_of(std::string_view name);

// Of one image, in seconds.
struct PlacementRate {
  double images_per_s = 0;    // of the whole pipeline where it was measured
  double worker_cpu_s = 0;    // on the CPU, beside the consumer
  double consumer_cpu_s = 0;  // on the CPU, by the consumer
  double device_s = 0;        // of the GPU, which the model's kernels do not get then; 0: cpu
  double copy_s = 0;          // of copies, beside those
};

struct PlacementRates {
  std::string file, date, version, cpu, device;  // "" where not said
  double mean_pixels = 0, mean_bytes = 0;        // of the images that were measured
  std::array<std::optional<PlacementRate>, kPlacements.size()> rates;  // cpu always
  std::array<std::string, kPlacements.size()> why_not;                 // where there is none

  const std::optional<PlacementRate>& of(Placement placement) const {
    return rates[static_cast<std::size_t>(placement)];
  }
};

class RatesError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

PlacementRates read_placement_rates(const std::filesystem::path& path);
// The same of the file's text; `name` for messages.
PlacementRates parse_placement_rates(std::string_view text, const std::string& name);

}  // namespace datamon::report
