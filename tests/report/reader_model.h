// Reads of workers whose storage is known: one device for all, or each for itself.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "report/read_overlap.h"

namespace datamon::report::testing {

// Workers that compute for a while and then read, again and again; files' sizes differ.
// `served` gives the end of a read of so many bytes that begins now.
template <typename Serve>
std::vector<TimedRead> read_in_turns(int workers, double compute_s, Serve serve) {
  std::mt19937_64 dice(1);
  std::exponential_distribution<double> compute(1 / compute_s);
  std::lognormal_distribution<double> size(std::log(80e3), 0.4);
  std::vector<double> next(static_cast<std::size_t>(workers));
  for (double& at : next) at = compute(dice);
  std::vector<TimedRead> out;
  for (int i = 0; i < 4000; ++i) {
    const auto first = std::min_element(next.begin(), next.end());
    const double bytes = size(dice);
    const double end_s = serve(*first, bytes);
    out.push_back({*first, end_s, bytes, static_cast<int>(first - next.begin())});
    *first = end_s + compute(dice);
  }
  return out;
}

inline constexpr double kBytesPerSecond = 40e6;

// One request after the other.
inline std::vector<TimedRead> one_device(int workers, double compute_s) {
  double free_s = 0;
  return read_in_turns(workers, compute_s, [&](double now_s, double bytes) {
    return free_s = std::max(now_s, free_s) + bytes / kBytesPerSecond;
  });
}

inline std::vector<TimedRead> a_device_each(int workers, double compute_s) {
  return read_in_turns(workers, compute_s,
                       [&](double now_s, double bytes) { return now_s + bytes / kBytesPerSecond; });
}

inline std::vector<TimedRead> latency_alone(int workers, double compute_s) {
  std::mt19937_64 dice(2);
  std::exponential_distribution<double> more(1 / 0.5e-3);
  return read_in_turns(workers, compute_s,
                       [&](double now_s, double) { return now_s + 5e-3 + more(dice); });
}

}  // namespace datamon::report::testing
