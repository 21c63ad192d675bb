#include "report/import/kineto_collector.h"

#include <algorithm>

namespace datamon::report {
namespace {

constexpr std::uint32_t kNoThread = std::numeric_limits<std::uint32_t>::max();

// By start; of those that start together the longest, which holds the others, first.
template <typename Range>
void sort(std::vector<Range>& ranges) {
  std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.from_ns != b.from_ns ? a.from_ns < b.from_ns : a.to_ns > b.to_ns;
  });
}

}  // namespace

std::uint32_t KinetoCollector::thread_of(const KinetoEvent& event) {
  const std::uint64_t key = event.pid * 0x9E3779B97F4A7C15u ^ event.tid;
  const auto found = threads_.find(key);
  if (found != threads_.end()) return found->second;
  if (threads_.size() >= kMostThreads) return kNoThread;
  return threads_.emplace(key, static_cast<std::uint32_t>(threads_.size())).first->second;
}

DeviceActivity* KinetoCollector::device_of(const KinetoEvent& event) {
  // Old versions name the device by the process only.
  const std::int64_t device =
      event.device >= 0 ? event.device : static_cast<std::int64_t>(event.pid & 0xFFFF);
  const auto found = devices.find(device);
  if (found != devices.end()) return &found->second;
  if (devices.size() >= kMostDevices) return nullptr;
  const bool roomy = DeviceActivity::roomy(devices.size());
  return &devices.try_emplace(device, roomy).first->second;
}

void KinetoCollector::add(const KinetoEvent& event) {
  const KinetoKind kind = kind_of(event);
  if (kind == KinetoKind::kIgnored) return;
  if (kind == KinetoKind::kKernel || kind == KinetoKind::kCopy) {
    DeviceActivity* const device = device_of(event);
    if (device == nullptr) {
      ++left_out_;
      return;
    }
    if (kind == KinetoKind::kCopy) {
      add_copy(event);
    } else {
      device->kernels.add(event.start_ns, event.end_ns());
      ++device->kernel_count;
      if (!is_memset(event)) device->kernel_times.add(event.name, event.length_ns);
    }
  } else {
    const std::uint32_t thread = thread_of(event);
    const HostRange range{event.start_ns, event.end_ns(), thread};
    const bool full = kind == KinetoKind::kStep        ? steps.size() >= kMostRanges
                      : kind == KinetoKind::kWait      ? waits.size() >= kMostRanges
                      : kind == KinetoKind::kOptimizer ? optimizer_steps.size() >= kMostRanges
                                                       : false;
    if (thread == kNoThread || full) {
      ++left_out_;
      return;
    }
    switch (kind) {
      case KinetoKind::kStep:
        steps.push_back(range);
        break;
      case KinetoKind::kWait:
        waits.push_back({range, makes_batch_itself(event)});
        break;
      case KinetoKind::kSynchronise:
        synchronising.try_emplace(thread, IntervalSet(16 * 1024))
            .first->second.add(range.from_ns, range.to_ns);
        break;
      case KinetoKind::kOptimizer:
        optimizer_steps.push_back(range);
        optimizer.add(range.from_ns, range.to_ns);
        break;
      case KinetoKind::kForward:
        forward.add(range.from_ns, range.to_ns);
        break;
      case KinetoKind::kBackward:
        backward.add(range.from_ns, range.to_ns);
        break;
      default:
        add_part(range, part_class(event));
    }
  }
  ++used_;
  extent_.from = std::min(extent_.from, event.start_ns);
  extent_.to = std::max(extent_.to, event.end_ns());
}

void KinetoCollector::add_copy(const KinetoEvent& event) {
  DeviceActivity& device = *device_of(event);
  const CopyKind kind = copy_kind(event.name);
  if (kind == CopyKind::kOther) {  // within the device: it is at work
    device.kernels.add(event.start_ns, event.end_ns());
    return;
  }
  const bool to_host = kind == CopyKind::kToHost;
  CopySums& sums = to_host                               ? device.to_host
                   : kind == CopyKind::kToDevicePinned   ? device.pinned
                   : kind == CopyKind::kToDevicePageable ? device.pageable
                                                         : device.unknown;
  ++sums.count;
  // A sum of hostile sizes may not overflow.
  sums.bytes +=
      std::min(event.bytes, std::numeric_limits<std::uint64_t>::max() / 2 - sums.bytes / 2);
  sums.time_s += static_cast<double>(event.length_ns) * 1e-9;
  (to_host ? device.copies_to_host : device.copies_to_device).add(event.start_ns, event.end_ns());
}

void KinetoCollector::add_part(const HostRange& range, StageClass stage) {
  if (parts.size() >= kMostParts && !parts_full_) {
    drop_parts_outside_waits();
    // Trying again for a few free places each time would take for ever.
    parts_full_ = parts.size() > kMostParts / 4 * 3;
  }
  if (parts_full_ || parts.size() >= kMostParts) {
    ++left_out_;
    return;
  }
  parts.push_back({range, stage});
}

// A wait stands in the file before or after its parts, but never far: a part
// that starts before the end of the latest wait and lies in none belongs to none.
// When the waits are not known yet, nothing can be dropped.
void KinetoCollector::drop_parts_outside_waits() {
  sort(waits);
  std::int64_t known_until = std::numeric_limits<std::int64_t>::min();
  for (const WaitRange& wait : waits) known_until = std::max(known_until, wait.to_ns);
  const auto outside = [&](const PartRange& part) {
    if (part.from_ns >= known_until) return false;
    auto at = std::upper_bound(
        waits.begin(), waits.end(), part.from_ns,
        [](std::int64_t time, const WaitRange& wait) { return time < wait.from_ns; });
    // Waits of one thread do not overlap; other threads' may lie between.
    for (int tries = 0; at != waits.begin() && tries < 8; ++tries) {
      --at;
      if (at->thread == part.thread) return !at->makes_batch || part.from_ns >= at->to_ns;
    }
    return true;
  };
  std::erase_if(parts, outside);
}

void KinetoCollector::finish() {
  drop_parts_outside_waits();
  // What starts behind the last wait is no loader's either.
  std::int64_t until = std::numeric_limits<std::int64_t>::min();
  for (const WaitRange& wait : waits) until = std::max(until, wait.to_ns);
  std::erase_if(parts, [&](const PartRange& part) { return part.from_ns >= until; });
  sort(waits);
  sort(steps);
  sort(parts);
  sort(optimizer_steps);
}

}  // namespace datamon::report
