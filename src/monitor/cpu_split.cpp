#include "monitor/cpu_split.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

#include "monitor/clock.h"

namespace datamon::monitor {
namespace {

// Half of the budget goes into readings; the spans themselves need the rest.
constexpr double kReadingShare = 0.5;
// Spent at once at a thread's start, so that short jobs are split too.
constexpr std::uint64_t kBurstNs = 200'000;
// What was not spent while nothing happened is kept for so long.
constexpr std::uint64_t kCreditNs = 10'000'000'000;
// A unit that costs more is broken off, and its inner spans become the units.
constexpr std::uint64_t kDearNs = 1'000'000;
// Less time off the CPU than this is not looked into.
constexpr std::uint64_t kOffCpuNs = 2'000;
// A reading that takes so many times the usual was interrupted.
constexpr std::uint64_t kLostCpuReadings = 16;
constexpr int kCalibrationRuns = 16;
constexpr double kMaxSkip = 1 << 30;

std::uint64_t ns_to_ticks(std::uint64_t ns) {
  return static_cast<std::uint64_t>(static_cast<double>(ns) * 1e-9 *
                                    static_cast<double>(ticks_per_second()));
}

bool read_thread_cpu(std::uint64_t& ns) {
  timespec t;
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0) return false;
  ns =
      static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
  return true;
}

bool read_major_faults(std::uint64_t& faults) {
  rusage usage{};
  if (::getrusage(RUSAGE_THREAD, &usage) != 0) return false;
  faults = static_cast<std::uint64_t>(usage.ru_majflt);
  return true;
}

// The least of some runs: what it costs when nothing comes between.
template <typename Reading>
std::uint64_t quickest(int runs, const Reading& reading) {
  std::uint64_t best = UINT64_MAX;
  for (int i = 0; i < runs; ++i) {
    const std::uint64_t before = clock_now();
    reading();
    best = std::min(best, clock_now() - before);
  }
  return best;
}

}  // namespace

const char* to_string(SplitKind kind) {
  switch (kind) {
    case SplitKind::kFull:
      return "full";
    case SplitKind::kCpuOnly:
      return "cpu-only";
    case SplitKind::kNone:
      break;
  }
  return "none";
}

SplitSetup probe_split(std::uint64_t budget_ppm) {
  SplitSetup setup{SplitKind::kNone, budget_ppm, 0, 0, 0};
  std::uint64_t value = 0;
  if (budget_ppm == 0 || !read_thread_cpu(value)) return setup;
  setup.kind = SplitKind::kCpuOnly;
  setup.cpu_ticks = quickest(kCalibrationRuns, [&] { read_thread_cpu(value); });
  const auto read_delay = [&] { return Schedstat::read_once(value); };
  if (!read_delay()) return setup;
  setup.kind = SplitKind::kFull;
  Schedstat kept{};
  kept.read(value);
  setup.scheduler_ticks = quickest(kCalibrationRuns, [&] {
    kept.read(value);
    read_major_faults(value);
  });
  kept.close();
  setup.open_ticks = quickest(kCalibrationRuns / 4, read_delay);
  return setup;
}

void CpuSplit::start(const SplitSetup& setup, std::uint64_t now, std::uint64_t seed) {
  setup_ = setup;
  active_ = false;
  random_ = seed | 1;
  if (start_ticks_ == 0) start_ticks_ = now;
  dear_ticks_ = ns_to_ticks(kDearNs);
}

// The books begin anew.
void CpuSplit::forgive(std::uint64_t now) {
  start_ticks_ = now;
  forgiven_ticks_ = spent_ticks_;
  forgiven_units_ = sampled_ + skipped_;
}

std::uint32_t CpuSplit::next_skip(std::uint64_t now) {
  skipped_ += skip_;
  if (setup_.kind == SplitKind::kNone) return skip_ = UINT32_MAX;
  if (probe_is_on()) {
    forgive(now);
    return skip_ = 0;
  }
  const double share = static_cast<double>(setup_.budget_ppm) * 1e-6 * kReadingShare;
  const double spent = static_cast<double>(spent_ticks_ - forgiven_ticks_);
  double elapsed = static_cast<double>(now - start_ticks_);
  const double most = spent / share + static_cast<double>(ns_to_ticks(kCreditNs));
  if (elapsed > most) {
    start_ticks_ += static_cast<std::uint64_t>(elapsed - most);
    elapsed = most;
  }
  const double units =
      static_cast<double>(std::max<std::uint64_t>(1, sampled_ + skipped_ - forgiven_units_));
  const double income = std::max(1.0, share * elapsed / units);  // ticks earned by a unit
  const double debt = spent - share * elapsed;
  if (debt < static_cast<double>(ns_to_ticks(kBurstNs))) {
    const double mean = static_cast<double>(mean_cost_ticks_) / income;
    // Below the debt limit by the burst: as often as the books allow.
    if (debt <= 0 || sampled_ < 16) return skip_ = 0;
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    const double uniform = static_cast<double>(random_ >> 11) * 0x1p-53;
    return skip_ = static_cast<std::uint32_t>(std::min(kMaxSkip, 2 * mean * uniform));
  }
  return skip_ = static_cast<std::uint32_t>(std::min(kMaxSkip, debt / income));
}

// Run-queue time and faults as they are now; keeps the old value of what cannot
// be read (the job may have closed our descriptor, or replaced it).
bool CpuSplit::read_scheduler() {
  bool whole = false;
  if (setup_.kind == SplitKind::kFull) {
    std::uint64_t delay = 0;
    whole = schedstat_.read(delay) && delay >= runqueue_ns_;
    runqueue_ns_ = whole ? delay : 0;
    if (!whole) schedstat_.distrust();
  }
  read_major_faults(major_faults_);
  return whole;
}

std::uint64_t CpuSplit::scheduler_cost() const {
  return setup_.scheduler_ticks + (schedstat_.is_kept() ? 0 : setup_.open_ticks);
}

void CpuSplit::charge(std::uint64_t ticks) {
  unit_ticks_ += ticks;
  spent_ticks_ += ticks;
}

void CpuSplit::begin_unit(std::uint32_t depth) {
  active_ = true;
  unit_depth_ = depth;
  unit_ticks_ = 0;
  ++sampled_;
  runqueue_ns_ = 0;
  read_scheduler();
  read_thread_cpu(cpu_ns_);
  ticks_ = clock_now();
  charge(setup_.cpu_ticks + scheduler_cost());
}

void CpuSplit::boundary(std::uint32_t innermost) {
  if (innermost >= kMaxDepth) return;  // none is open: in a signal handler
  const std::uint64_t cpu_before = cpu_ns_;
  read_thread_cpu(cpu_ns_);
  const std::uint64_t at = clock_now();
  const std::uint64_t wall = ticks_to_ns(at - ticks_);
  const std::uint64_t cpu = std::min(wall, cpu_ns_ - cpu_before);
  ticks_ = at;
  SpanSplit& split = splits_[innermost];
  has_split_[innermost] = true;
  split.wall_ns += wall;
  split.cpu_ns += cpu;
  charge(setup_.cpu_ticks);
  if (wall - cpu > kOffCpuNs) {
    const std::uint64_t delay_before = runqueue_ns_;
    const std::uint64_t faults_before = major_faults_;
    const bool whole = read_scheduler();
    const std::uint64_t delay =
        whole ? std::min(wall - cpu, runqueue_ns_ - delay_before) : std::uint64_t{0};
    const std::uint64_t faults = major_faults_ - faults_before;
    split.runqueue_ns += delay;
    split.major_faults += faults;
    if (faults > 0) split.fault_ns += wall - cpu - delay;
    charge(scheduler_cost());
  }
}

std::uint64_t CpuSplit::end_of_span(std::uint64_t now) const {
  return ticks_ > now + kLostCpuReadings * setup_.cpu_ticks ? ticks_ : now;
}

bool CpuSplit::take(std::uint32_t depth, SpanSplit& split) {
  if (!has_split_[depth]) return false;
  split = splits_[depth];
  splits_[depth] = {};
  has_split_[depth] = false;
  return true;
}

void CpuSplit::end_unit() {
  active_ = false;
  // What was read of spans that are open still, where a unit is broken off, is not all of them.
  for (std::uint32_t depth = 0; depth < kMaxDepth; ++depth) {
    SpanSplit partial;
    take(depth, partial);
  }
  mean_cost_ticks_ = mean_cost_ticks_ == 0
                         ? unit_ticks_
                         : mean_cost_ticks_ - mean_cost_ticks_ / 8 + unit_ticks_ / 8;
}

void CpuSplit::stop() {
  schedstat_.close();
  if (active_) end_unit();
}

}  // namespace datamon::monitor
