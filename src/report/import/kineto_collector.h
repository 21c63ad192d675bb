// Keeps of a trace's events what the profile needs, in bounded memory. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "report/gpu_activity.h"
#include "report/import/kineto_event.h"

namespace datamon::report {

// A range on a thread.
struct HostRange {
  std::int64_t from_ns = 0, to_ns = 0;
  std::uint32_t thread = 0;  // number of the thread, see KinetoCollector
};

struct WaitRange : HostRange {
  bool makes_batch = false;  // num_workers=0
};

// A piece of work that may lie inside a wait.
struct PartRange : HostRange {
  StageClass stage = StageClass::kOther;
};

class KinetoCollector {
 public:
  // Bounds: what exceeds one is counted in left_out() and changes nothing else.
  static constexpr std::size_t kMostRanges = 200'000;  // waits, and steps
  static constexpr std::size_t kMostParts = 400'000;
  static constexpr std::size_t kMostThreads = 256;
  static constexpr std::size_t kMostDevices = 16;

  void add(const KinetoEvent& event);
  // Sorts; call once, after the last add().
  void finish();

  std::uint64_t left_out() const { return left_out_; }
  std::uint64_t used() const { return used_; }
  // Of all host and device work; from > to if there was none.
  TimeSpan_ns extent() const { return extent_; }

  std::vector<WaitRange> waits;  // by start, as the others
  std::vector<HostRange> steps;  // ProfilerStep#N
  std::vector<PartRange> parts;  // inside waits that make their batch themselves
  std::vector<HostRange> optimizer_steps;
  IntervalSet optimizer{64 * 1024}, forward{64 * 1024}, backward{64 * 1024};
  std::unordered_map<std::uint32_t, IntervalSet> synchronising;  // by thread
  DeviceActivities devices;

 private:
  std::uint32_t thread_of(const KinetoEvent& event);
  void add_copy(const KinetoEvent& event);
  void add_part(const HostRange& range, StageClass stage);
  void drop_parts_outside_waits();
  DeviceActivity* device_of(const KinetoEvent& event);

  std::unordered_map<std::uint64_t, std::uint32_t> threads_;
  bool parts_full_ = false;
  std::uint64_t left_out_ = 0, used_ = 0;
  TimeSpan_ns extent_{std::numeric_limits<std::int64_t>::max(),
                      std::numeric_limits<std::int64_t>::min()};
};

}  // namespace datamon::report
