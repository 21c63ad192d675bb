#include "monitor/probe.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "datamon/monitor.h"
#include "monitor/atomics.h"
#include "monitor/clock.h"
#include "monitor/stage_registry.h"
#include "monitor/track.h"

namespace datamon::monitor {
namespace {

using format::ProbeHeader;
using format::ProbePage;
using format::ProbeWindow;

// Without a consumer that takes batches there is nothing to find out.
constexpr std::uint64_t kLongestWait_ns = 600'000'000'000;
// A step's time is known when so many were seen for so long; the second half counts.
constexpr std::uint32_t kFewestWaits = 16;
constexpr std::uint64_t kShortestLook_ns = 1'500'000'000;
// After a change the batches that a worker has begun, and as many as usually lie ready
// behind it, tell of the time before (2 batches ahead is PyTorch's default).
constexpr std::uint64_t kSettleSteps = 2, kSettleStepsPerWorker = 3;
// Most of a window is counted, and enough steps for a mean.
constexpr std::uint64_t kWindowOverSettle = 4, kFewestWindowSteps = 24;
constexpr std::uint64_t kShortestWindow_ns = 250'000'000, kLongestWindow_ns = 30'000'000'000;
// A class that takes less of the time cannot matter: it is not tried.
constexpr double kLeastShare = 0.005;
// What can be made exactly: shorter delays are saved up.
constexpr std::int64_t kShortestBurn_ns = 1'000, kShortestSleep_ns = 200'000;

// Who can be delayed: work that makes batches, copies or computes.
bool can_be_delayed(std::uint32_t stage_class) {
  return (stage_class >= DATAMON_CLASS_FETCH && stage_class <= DATAMON_CLASS_TRANSFER) ||
         stage_class == DATAMON_CLASS_COMPUTE;
}

// A span's own time as far as it is work: what is delayed by a part of it.
struct Own {
  std::uint64_t cpu_ns, blocked_ns;
  std::uint64_t sum() const { return cpu_ns + blocked_ns; }
};

Own own_time(const Track& track, std::uint32_t stage_class, const SpanSplit& split) {
  Own own{split.cpu_ns, 0};
  const std::uint64_t elsewhere = split.cpu_ns + split.runqueue_ns;
  // Where batches are handed over outside the worker, being blocked is waiting for one.
  const bool waits =
      stage_class == DATAMON_CLASS_HANDOFF && track.record->role != DATAMON_ROLE_WORKER;
  if (!waits && split.wall_ns > elsewhere) own.blocked_ns = split.wall_ns - elsewhere;
  return own;
}

// Keeps the CPU busy for `ns` of CPU time, but not beyond the deadline; what it took.
std::int64_t burn(std::int64_t ns, std::uint64_t deadline_ns) {
  const std::uint64_t from = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  std::int64_t burnt = 0;
  do {
    burnt = static_cast<std::int64_t>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - from);
  } while (burnt < ns && MonotonicClock::now() < deadline_ns);
  return burnt;
}

// The same asleep. Not by the library's function: that is a cancellation point.
std::int64_t sleep(std::int64_t ns, std::uint64_t now, std::uint64_t deadline_ns) {
  const std::uint64_t until = std::min(now + static_cast<std::uint64_t>(ns), deadline_ns);
  const timespec at{static_cast<time_t>(until / 1'000'000'000u),
                    static_cast<long>(until % 1'000'000'000u)};
  while (MonotonicClock::now() < until &&
         (::syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == 0 ||
          errno == EINTR)) {
  }
  return static_cast<std::int64_t>(MonotonicClock::now() - now);
}

// Makes the delays that are due; what they took.
std::uint64_t delay(ProbeTrack& probe, const Own& own, double share, std::uint64_t window_end_ns) {
  probe.burn_ns += static_cast<std::int64_t>(static_cast<double>(own.cpu_ns) * share);
  probe.sleep_ns += static_cast<std::int64_t>(static_cast<double>(own.blocked_ns) * share);
  const int errno_before = errno;
  std::int64_t added = 0;
  if (probe.burn_ns >= kShortestBurn_ns) {
    const std::int64_t burnt = burn(probe.burn_ns, window_end_ns);
    probe.burn_ns -= burnt;
    added += burnt;
  }
  const std::uint64_t now = MonotonicClock::now();
  if (probe.sleep_ns >= kShortestSleep_ns && now < window_end_ns) {
    const std::int64_t slept = sleep(probe.sleep_ns, now, window_end_ns);
    probe.sleep_ns -= slept;
    added += slept;
  }
  errno = errno_before;
  return static_cast<std::uint64_t>(added);
}

// The place of a class among those that are tried; kMostProbeClasses if it is not.
std::uint32_t place_of(const ProbeHeader& header, std::uint32_t stage_class) {
  const std::uint32_t count = std::min(header.class_count, format::kMostProbeClasses);
  for (std::uint32_t i = 0; i < count; ++i)
    if (header.classes[i] == stage_class) return i;
  return format::kMostProbeClasses;
}

std::uint64_t settle_steps(ProbeHeader& header) {
  return kSettleSteps + kSettleStepsPerWorker * load_relaxed(header.workers);
}

// The schedule, from what was seen of the job. Called by one thread of one process.
void start_schedule(ProbeHeader& header, const Track& track, std::uint64_t step_ns,
                    std::uint64_t now) {
  const std::uint64_t settle = settle_steps(header);
  const std::uint64_t steps = std::max(kFewestWindowSteps, kWindowOverSettle * settle);
  header.step_ns = step_ns;
  header.window_ns = std::clamp(steps * step_ns, kShortestWindow_ns, kLongestWindow_ns);
  header.settle_ns = std::min(settle * step_ns, header.window_ns / 2);
  header.pid = static_cast<std::uint32_t>(::getpid());
  header.tid = track.record->tid;
  header.loader = track.record->loader;
  const auto looked_ns = static_cast<double>(now - load_relaxed(header.first_wait_ns));
  for (std::uint32_t c = 0; c < std::size(header.own_ns); ++c) {
    const auto own_ns = static_cast<double>(load_relaxed(header.own_ns[c]));
    if (can_be_delayed(c) && own_ns >= kLeastShare * looked_ns)
      header.classes[header.class_count++] = static_cast<std::uint16_t>(c);
  }
  store_release(header.start_ns, now);
}

// A wait ended before the schedule began: is the step's time known?
void look_at_step(ProbeHeader& header, Track& track, std::uint64_t now) {
  std::uint64_t none = 0;
  std::atomic_ref(header.first_wait_ns).compare_exchange_strong(none, now);
  ProbeTrack& probe = track.probe;
  if (probe.waits++ == 0) probe.first_wait_ns = probe.half_ns = now;
  if (probe.waits < kFewestWaits || (probe.waits & (probe.waits - 1)) != 0) {
    if (2 * probe.waits == kFewestWaits) probe.half_ns = now;
    return;
  }
  const std::uint64_t step_ns = (now - probe.half_ns) / (probe.waits / 2);
  probe.half_ns = now;
  if (now - probe.first_wait_ns < kShortestLook_ns) return;
  std::uint32_t free = 0;
  if (std::atomic_ref(header.claimed).compare_exchange_strong(free, 1))
    start_schedule(header, track, std::max<std::uint64_t>(step_ns, 1), now);
}

void count_step(ProbeWindow& window, std::uint64_t now) {
  if (load_relaxed(window.steps) == 0) store_relaxed(window.first_ns, now);
  store_relaxed(window.last_ns, now);
  bump(window.steps, std::uint64_t{1});
}

bool is_over(ProbeHeader& header, std::uint64_t start_ns, std::uint64_t now) {
  if (start_ns == 0) return now - header.created_ns > kLongestWait_ns;
  return now >= format::probe_end_ns(header);
}

// A span ends before the schedule has begun: what it will be made from.
void look_at_job(ProbeHeader& header, Track& track, std::uint32_t stage_class, std::uint32_t depth,
                 std::uint64_t now) {
  if (stage_class == DATAMON_CLASS_WAIT)
    look_at_step(header, track, now);
  else if (load_relaxed(header.first_wait_ns) != 0)
    add_relaxed(header.own_ns[stage_class],
                own_time(track, stage_class, track.split->so_far(depth)).sum());
}

// The class that is delayed in the window, as the thread remembers it; debts of another
// window are void.
std::uint32_t delayed_class(ProbeTrack& probe, const ProbeHeader& header, std::uint64_t window) {
  if (probe.window != window + 1) {
    probe.window = window + 1;
    probe.delayed_class = format::probe_class_in(header, window);
    probe.burn_ns = probe.sleep_ns = 0;
  }
  return probe.delayed_class;
}

// A span ends in a window of the schedule; true if it was delayed.
bool end_in_window(ProbePage& page, Track& track, std::uint32_t stage_class, std::uint32_t depth,
                   std::uint64_t since_start_ns) {
  ProbeHeader& header = page.header;
  const std::uint64_t number = since_start_ns / header.window_ns;
  if (number >= format::kProbeWindows) return false;
  ProbeWindow& window = page.windows[number];
  const std::uint64_t begin_ns = number * header.window_ns;
  const bool settled = since_start_ns - begin_ns >= header.settle_ns;
  if (stage_class == DATAMON_CLASS_WAIT) {
    if (settled && track.record->tid == header.tid && track.record->loader == header.loader)
      count_step(window, header.start_ns + since_start_ns);
    return false;
  }
  const std::uint32_t place = place_of(header, stage_class);
  if (place == format::kMostProbeClasses) return false;
  const Own own = own_time(track, stage_class, track.split->so_far(depth));
  if (settled) add_relaxed(window.own_ns[place], own.sum());
  if (stage_class != delayed_class(track.probe, header, number)) return false;
  const std::uint64_t added = delay(track.probe, own, static_cast<double>(header.delay_ppm) * 1e-6,
                                    header.start_ns + begin_ns + header.window_ns);
  add_relaxed(header.added_ns[stage_class], added);
  if (settled) add_relaxed(window.added_ns, added);
  return added > 0;
}

}  // namespace

std::atomic<ProbePage*> g_probe_page{nullptr};

void probe_worker(std::uint32_t index) {
  ProbePage* const page = g_probe_page.load(std::memory_order_relaxed);
  if (page == nullptr || index >= 1u << 16) return;
  const std::atomic_ref workers(page->header.workers);
  std::uint64_t most = workers.load(std::memory_order_relaxed);
  while (most < index + 1u && !workers.compare_exchange_weak(most, index + 1u)) {
  }
}

bool probe_span_end(Track& track, std::uint32_t depth) {
  ProbePage* const page = g_probe_page.load(std::memory_order_relaxed);
  if (page == nullptr) return false;
  ProbeHeader& header = page->header;
  const std::uint64_t now = MonotonicClock::now();
  const std::uint64_t start_ns = std::atomic_ref(header.start_ns).load(std::memory_order_acquire);
  if (is_over(header, start_ns, now)) {
    g_probe_page.store(nullptr, std::memory_order_relaxed);
    return false;
  }
  const std::uint32_t stage_class =
      class_of_stage(static_cast<datamon_stage>(track.frames[depth + 1].stage));
  if (stage_class != DATAMON_CLASS_WAIT && !can_be_delayed(stage_class)) return false;
  if (start_ns == 0) {
    look_at_job(header, track, stage_class, depth, now);
    return false;
  }
  if (now < start_ns || header.window_ns == 0) return false;
  return end_in_window(*page, track, stage_class, depth, now - start_ns);
}

}  // namespace datamon::monitor
