// Bottlenecks made on purpose: each makes one stage, worker or device slower by a known amount.
//
//   STAGE=+TIME[:burn|:sleep]  each pass of the stage takes TIME longer
//   STAGE=xFACTOR              each pass uses FACTOR times its CPU time (the rest is burned)
//   worker3=xFACTOR            worker 3 uses FACTOR times the CPU time, in every stage; the times
//                              that the other knobs add grow by the same factor
//   consumer=xFACTOR           the consumer's compute takes FACTOR times as long
//   item=SHARE:+TIME[:burn]    this share of the items (the same ones every epoch) takes TIME
//                              longer: in `read`, asleep; with :burn in `decode`, on the CPU
//   read-bandwidth=RATE        one device shared by all workers delivers RATE (50MB/s), asleep
//   read-latency=TIME          each read waits for the device, asleep
//   start=+TIME                each start of a worker takes TIME longer, asleep
//
// STAGE is read, decode, transform, resize, flip-normalise, collate, send, receive, transfer or
// compute.
// `read` and `compute` sleep unless told to burn, the others burn unless told to sleep: `burn`
// keeps the CPU busy for TIME of CPU time, `sleep` leaves it to others. A knob's time lies inside
// the stage's span. Several knobs on one stage add up.
//
// Thread-safety: plain data; parsing is pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace datamon::pipeline {

// The stages that the pipeline times; the order is that of an item's way.
enum class Stage : std::uint8_t {
  init,
  fetch,
  read,
  decode,
  transform,
  resize,
  flip_normalise,
  collate,
  send,
  queue,
  wait,
  receive,
  transfer,
  compute,
};
inline constexpr int kStages = 14;
const char* to_string(Stage stage);  // "transform/resize", ...

enum class SlowKind : std::uint8_t { stage, worker, consumer, item, bandwidth, latency, start };

// One --slow, parsed.
struct SlowSpec {
  SlowKind kind = SlowKind::stage;
  Stage stage = Stage::read;
  int worker = 0;
  double factor = 1;  // of CPU time
  std::int64_t add_ns = 0;
  bool burn = false;            // add_ns on the CPU rather than asleep
  double share = 0;             // of items
  double bytes_per_second = 0;  // bandwidth
  std::string text;             // as it was typed
};

// Throws PipelineError that says what was understood and what is allowed.
SlowSpec parse_slow(std::string_view text);

// What one stage is slowed by: `factor` times the CPU time used, then burn and sleep.
struct Delay {
  double factor = 1;
  std::int64_t burn_ns = 0;
  std::int64_t sleep_ns = 0;

  bool none() const { return factor == 1 && burn_ns == 0 && sleep_ns == 0; }
};

// All knobs as they apply to one worker (or to the consumer, kNoWorker).
inline constexpr int kNoWorker = -1;
struct SlowPlan {
  std::array<Delay, kStages> stage;
  Delay item;  // on top, for the items chosen
  double item_share = 0;
  std::int64_t start_ns = 0;
  double bytes_per_second = 0;  // 0: no limit
  bool any = false;             // false: nothing is slowed, nothing needs to be measured

  // Whether the share of slow items holds this one; depends on the seed and the item alone.
  bool slow_item(std::uint64_t seed, std::uint64_t item_index) const;
};
SlowPlan plan_slow(const std::vector<SlowSpec>& specs, int worker);

}  // namespace datamon::pipeline
