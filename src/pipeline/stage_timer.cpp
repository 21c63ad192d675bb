#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

std::array<datamon_stage, kStages> define_stages() {
  const auto transform = [](Stage stage) {
    return define_stage(to_string(stage), DATAMON_CLASS_TRANSFORM);
  };
  return {DATAMON_INIT,
          DATAMON_FETCH,
          DATAMON_READ,
          DATAMON_DECODE,
          DATAMON_TRANSFORM,
          transform(Stage::resize),
          transform(Stage::flip_normalise),
          DATAMON_COLLATE,
          DATAMON_SEND,
          DATAMON_QUEUE,
          DATAMON_WAIT,
          DATAMON_RECEIVE,
          DATAMON_TRANSFER,
          DATAMON_COMPUTE};
}

void StageTimer::slow_down(const Delay& delay) {
  if (delay.none()) return;
  const std::int64_t cpu_ns = delay.factor != 1 ? thread_cpu_ns() - cpu_start_ns_ : 0;
  let_pass(delay, cpu_ns, clock_.stop);
}

void let_pass(const Delay& delay, std::int64_t cpu_ns, const StopFlag& stop) {
  const std::int64_t burn_ns =
      delay.burn_ns + static_cast<std::int64_t>((delay.factor - 1) * static_cast<double>(cpu_ns));
  if (burn_ns > 0) burn(burn_ns, stop);
  if (delay.sleep_ns > 0) sleep_until(wall_ns() + delay.sleep_ns, stop);
}

}  // namespace datamon::pipeline
