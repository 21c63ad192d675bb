// CUPTI's activities as spans of the recording: their times on its clock, device
// work with the moment at which it was launched, and when each device was busy.
//
// CUPTI hands over calls and device work in no particular order, so device work
// waits for its call for up to two rounds; without one its launch is not known. When a
// device was busy is held back for longer: each thread's work comes in buffers of its
// own, which CUPTI keeps while they hold any that is not done. On a device that always
// has work that is until they are full, so one thread's come seconds after another's.
//
// Not thread-safe; used by one thread, which never holds up the job. All memory is
// allocated at the start or at a device's first work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "activity.h"
#include "busy_union.h"
#include "clock_map.h"

namespace datamon::cupti {

inline constexpr std::uint64_t kNotKnown = UINT64_MAX;

// Takes spans; times in ticks.
class SpanSink {
 public:
  virtual void device_span(const Activity& activity, std::uint64_t start, std::uint64_t end,
                           std::uint64_t launched) = 0;  // or kNotKnown
  virtual void thread_span(const Activity& activity, std::uint64_t start, std::uint64_t end) = 0;
  virtual void busy_span(std::uint32_t device, std::uint64_t start, std::uint64_t end) = 0;

 protected:
  ~SpanSink() = default;
};

class SpanMaker {
 public:
  static constexpr std::size_t kMostDevices = 16;

  // Both must outlive this.
  SpanMaker(SpanSink& sink, const ClockMap& clock) : sink_(sink), clock_(clock) {}

  // False: no memory.
  bool start();

  void add(const Activity& activity);

  // After all that came in one round. `until`: ticks, some time ago: when devices were
  // busy comes out up to there. Work from before that comes later still is a span of its
  // own, but of its device's busy time only what lies behind.
  void end_round(std::uint64_t until);
  // Everything comes out.
  void finish();

  // Device work whose call was never seen, and work of devices beyond the limit.
  std::uint64_t without_launch() const { return without_launch_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  struct Call {
    std::uint32_t correlation;
    std::uint64_t ticks;
  };
  struct Waiting {
    Activity activity;
    std::uint32_t round;
  };
  // More calls than a device can have outstanding (CUDA's queues hold some
  // thousands), by the lower bits of the correlation id, which counts up.
  static constexpr std::size_t kCalls = 65536;
  static constexpr std::size_t kMostWaiting = 32768;
  static constexpr std::uint32_t kPatience = 2;  // rounds

  void add_call(const Activity& activity);
  std::uint64_t launch_of(const Activity& activity) const;
  void put_out(const Activity& activity, std::uint64_t launched);
  // Puts out what has found its call, has waited enough, or all.
  void try_waiting(bool all);
  void emit_busy(std::uint64_t until);

  SpanSink& sink_;
  const ClockMap& clock_;
  std::unique_ptr<Call[]> calls_;
  std::unique_ptr<Waiting[]> waiting_;
  std::size_t waiting_count_ = 0;
  std::uint32_t round_ = 0;
  std::array<std::uint32_t, kMostDevices> device_{};
  std::array<BusyUnion, kMostDevices> busy_;
  std::size_t devices_ = 0;
  std::uint64_t without_launch_ = 0, left_out_ = 0;
};

}  // namespace datamon::cupti
