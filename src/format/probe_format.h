// The schedule of a probe, and what it did: a file HOST.probe beside a recording's
// files. Every process of the job on that host maps it, so that all of them delay the
// same stage at the same time and none has to talk to another. docs/probe.md says what
// the windows are for, docs/recording-format.md has the bytes.
//
// The job's first process makes the file; the consumer starts the schedule with one
// store of start_ns (release). From then on which stage is delayed at a moment is a
// function of the fields before. Sums are atomic additions: a reader of a running job
// may miss the parts of one span.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace datamon::format {

inline constexpr char kProbeMagic[8] = {'d', 'm', 'p', 'r', 'o', 'b', 'e', '\n'};
inline constexpr std::uint32_t kProbeVersion = 1;  // a reader takes no other
inline constexpr std::uint32_t kMostProbeClasses = 8;
inline constexpr std::uint32_t kProbeWindows = 2048;
// Two windows with a delay between two without: each has an undelayed neighbour.
inline constexpr std::uint32_t kProbePeriod = 3;

struct ProbeHeader {
  char magic[8];  // kProbeMagic
  std::uint32_t version;
  std::uint32_t delay_ppm;  // of a span's own time
  std::uint64_t seed;
  std::uint64_t created_ns;  // CLOCK_MONOTONIC, as all times here
  std::uint64_t limit_ns;    // from start_ns on; ends by itself then
  char boot_id[40];          // as in FileHeader

  // By the consumer's process, once, before start_ns.
  std::uint64_t window_ns;
  std::uint64_t settle_ns;  // of each window, not counted
  std::uint64_t step_ns;    // of a step, as it was before
  std::uint32_t pid, tid;   // of the consumer whose steps are counted
  std::uint32_t loader;
  std::uint32_t class_count;
  std::uint16_t classes[kMostProbeClasses];  // datamon_class; which are tried
  std::uint32_t claimed;                     // 1: some consumer sets the fields above
  std::uint32_t reserved;
  std::uint64_t start_ns;  // 0: not yet

  std::uint64_t stop_ns;  // the intervals are narrow enough; 0: run to the limit

  // Before the start: what the schedule is made from.
  std::uint64_t first_wait_ns;
  std::uint64_t workers;  // the highest number of a worker, plus one
  // By datamon_class: time of its own until the start; then all that was added to it.
  std::uint64_t own_ns[12];
  std::uint64_t added_ns[12];
};
static_assert(sizeof(ProbeHeader) == 368);

// What happened in one window behind its settling.
struct ProbeWindow {
  std::uint64_t first_ns;  // the first wait that ended
  std::uint64_t last_ns;   // the last one
  std::uint64_t steps;     // waits that ended from first_ns to last_ns, both counted
  std::uint64_t added_ns;  // delays of the class that was delayed
  // As ProbeHeader::classes: the spans' own time, without the delays.
  std::uint64_t own_ns[kMostProbeClasses];
};
static_assert(sizeof(ProbeWindow) == 96);

struct ProbePage {
  ProbeHeader header;
  ProbeWindow windows[kProbeWindows];
};

// SplitMix64's mixer (Steele, Lea, Flood 2014).
inline std::uint64_t mix_probe(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// The class that is delayed in a window; 0: none is. Each round of as many delayed
// windows as there are classes has every class once, in an order of its own.
inline std::uint16_t probe_class_in(const ProbeHeader& header, std::uint64_t window) {
  const std::uint64_t place = window % kProbePeriod;
  const std::uint32_t count = std::min(header.class_count, kMostProbeClasses);
  if (place == 0 || count == 0) return 0;
  const std::uint64_t turn = window / kProbePeriod * (kProbePeriod - 1) + place - 1;
  std::uint16_t order[kMostProbeClasses];
  std::copy_n(header.classes, count, order);
  std::uint64_t random = header.seed + turn / count;
  for (std::uint32_t i = count - 1; i > 0; --i) {
    random = mix_probe(random);
    std::swap(order[i], order[random % (i + 1)]);
  }
  return order[turn % count];
}

// When the probe ends, or ended; only after its start. It never needs a window beyond
// the last one.
inline std::uint64_t probe_end_ns(const ProbeHeader& header) {
  const std::uint64_t most = header.window_ns * kProbeWindows;
  const std::uint64_t end = header.start_ns + std::min(header.limit_ns, most);
  const std::uint64_t stop_ns = *static_cast<const volatile std::uint64_t*>(&header.stop_ns);
  return stop_ns != 0 ? std::min(end, stop_ns) : end;
}

}  // namespace datamon::format
