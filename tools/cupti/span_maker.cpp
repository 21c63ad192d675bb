#include "span_maker.h"

#include <algorithm>
#include <new>

namespace datamon::cupti {

bool SpanMaker::start() {
  calls_.reset(new (std::nothrow) Call[kCalls]());
  waiting_.reset(new (std::nothrow) Waiting[kMostWaiting]);
  return calls_ != nullptr && waiting_ != nullptr;
}

void SpanMaker::add(const Activity& activity) {
  if (!on_device(activity.what)) {
    add_call(activity);
    return;
  }
  if (activity.correlation == 0 || launch_of(activity) != kNotKnown) {
    put_out(activity, launch_of(activity));
    return;
  }
  if (waiting_count_ == kMostWaiting) try_waiting(true);
  waiting_[waiting_count_++] = {activity, round_};
}

void SpanMaker::add_call(const Activity& activity) {
  const std::uint64_t start = clock_.ticks(activity.start_ns);
  if (activity.what != What::kLaunch)
    sink_.thread_span(activity, start, clock_.ticks(activity.end_ns));
  if (activity.correlation == 0) return;
  Call& call = calls_[activity.correlation % kCalls];
  // A function of the driver inside one of the run time has the same number: the
  // earlier one is what the job called.
  if (call.correlation == activity.correlation && call.ticks <= start) return;
  call = {activity.correlation, start};
}

std::uint64_t SpanMaker::launch_of(const Activity& activity) const {
  if (activity.correlation == 0) return kNotKnown;
  const Call& call = calls_[activity.correlation % kCalls];
  return call.correlation == activity.correlation ? call.ticks : kNotKnown;
}

void SpanMaker::put_out(const Activity& activity, std::uint64_t launched) {
  const std::uint64_t start = clock_.ticks(activity.start_ns);
  const std::uint64_t end = clock_.ticks(activity.end_ns);
  if (launched == kNotKnown) ++without_launch_;
  std::size_t i = 0;
  while (i < devices_ && device_[i] != activity.device) ++i;
  if (i == devices_) {
    if (devices_ == kMostDevices || !busy_[i].start()) {
      ++left_out_;
      return;
    }
    device_[devices_++] = activity.device;
  }
  sink_.device_span(activity, start, end, launched);
  BusyUnion& busy = busy_[i];
  if (busy.full())
    busy.emit(0, [&](std::uint64_t from, std::uint64_t to) {
      sink_.busy_span(activity.device, from, to);
    });
  busy.add(start, end);
}

void SpanMaker::try_waiting(bool all) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const Waiting& each = waiting_[i];
    const std::uint64_t launched = launch_of(each.activity);
    if (launched != kNotKnown || all || round_ - each.round >= kPatience)
      put_out(each.activity, launched);
    else
      waiting_[kept++] = each;
  }
  waiting_count_ = kept;
}

void SpanMaker::emit_busy(std::uint64_t until) {
  for (std::size_t i = 0; i < devices_; ++i)
    busy_[i].emit(until, [&](std::uint64_t from, std::uint64_t to) {
      sink_.busy_span(device_[i], from, to);
    });
}

void SpanMaker::end_round(std::uint64_t until) {
  try_waiting(false);
  ++round_;
  // Work that is waiting for its call may lie before what is out: let it be out first.
  for (std::size_t i = 0; i < waiting_count_; ++i)
    until = std::min(until, clock_.ticks(waiting_[i].activity.start_ns));
  emit_busy(until);
}

void SpanMaker::finish() {
  try_waiting(true);
  emit_busy(UINT64_MAX);
}

}  // namespace datamon::cupti
