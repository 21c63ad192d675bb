// Times one pass of a stage: as a span for the monitor, as a sum for the program's own summary, and
// with the delay that --slow asks for, which lies inside both.
//
// Thread-safety: a StageClock belongs to one thread; its totals may be read by others when the
// thread has handed over a batch. Ownership: StageClock refers to totals and stop flag, which must
// outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <datamon/monitor.hpp>
#include <string_view>

#include "pipeline/clock.h"
#include "pipeline/slow.h"

namespace datamon::pipeline {

struct StageTotal {
  std::uint64_t count = 0;
  std::int64_t wall_ns = 0;  // inclusive
  std::int64_t cpu_ns = 0;   // inclusive; measured only when something is slowed
  std::uint64_t bytes = 0;
};
using StageTotals = std::array<StageTotal, kStages>;

// The monitor's numbers of the pipeline's stages. Make one in each process.
std::array<datamon_stage, kStages> define_stages();

// What the timers of one thread share.
struct StageClock {
  StageClock(StageTotals& sums, SlowPlan plan, const StopFlag& stop_flag)
      : totals(sums), slow(plan), stop(stop_flag), stages(define_stages()) {}

  StageTotals& totals;
  SlowPlan slow;
  const StopFlag& stop;
  std::array<datamon_stage, kStages> stages;
};

class StageTimer {
 public:
  StageTimer(StageClock& clock, Stage stage)
      : clock_(clock),
        stage_(static_cast<std::size_t>(stage)),
        span_(clock.stages[stage_]),
        start_ns_(wall_ns()) {
    if (clock.slow.any) cpu_start_ns_ = thread_cpu_ns();
  }
  ~StageTimer() { end(); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

  // What the pass worked on; `name` must live until the end.
  void item(std::uint64_t id, std::uint64_t bytes = 0, std::string_view name = {}) {
    bytes_ = bytes;
    span_.item(id, bytes, name);
  }

  // Lets the pass's delay come now rather than at its end.
  void delay() {
    if (clock_.slow.any && !delayed_) slow_down(clock_.slow.stage[stage_]);
    delayed_ = true;
  }

  // Ends the pass: first its delay, then the span.
  void end() {
    if (ended_) return;
    ended_ = true;
    delay();
    StageTotal& total = clock_.totals[stage_];
    total.count += 1;
    total.wall_ns += wall_ns() - start_ns_;
    if (clock_.slow.any) total.cpu_ns += thread_cpu_ns() - cpu_start_ns_;
    total.bytes += bytes_;
    span_.end();
  }

 private:
  void slow_down(const Delay& delay);

  StageClock& clock_;
  std::size_t stage_;
  Span span_;
  std::int64_t start_ns_;
  std::int64_t cpu_start_ns_ = 0;
  std::uint64_t bytes_ = 0;
  bool delayed_ = false;
  bool ended_ = false;
};

// A delay by itself, for a piece of work that used `cpu_ns`.
void let_pass(const Delay& delay, std::int64_t cpu_ns, const StopFlag& stop);

}  // namespace datamon::pipeline
