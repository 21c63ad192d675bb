#include "report/gpu_tracks.h"

#include <algorithm>
#include <cmath>

#include "report/thread_spans.h"

namespace datamon::report {
namespace {

// By stage number.
std::vector<DeviceWork> works_of(const ProcessFile& process) {
  std::vector<DeviceWork> works(process.stages.empty() ? 1 : process.stages.back().id + 1u);
  for (const Stage& stage : process.stages) works[stage.id] = device_work(stage.name);
  return works;
}

bool is_copy_over_the_bus(DeviceWork work) {
  return work == DeviceWork::kToDevicePinned || work == DeviceWork::kToDevicePageable ||
         work == DeviceWork::kToDevice || work == DeviceWork::kToHost;
}

bool is_on_the_device(DeviceWork work) {
  return work == DeviceWork::kKernel || work == DeviceWork::kMemset ||
         work == DeviceWork::kCopyWithin;
}

class Reader {
 public:
  Reader(const ProcessFile& process, const TimeAxis& axis)
      : axis_(axis), works_(works_of(process)) {
    out_.names = device_names(process);
  }

  void read_stream(const Track& track) {
    const std::int64_t number = device_of(track);
    const auto found = out_.devices.find(number);
    if (found == out_.devices.end() && out_.devices.size() >= kMostDevices) return;
    DeviceActivity& device =
        out_.devices.try_emplace(number, DeviceActivity::roomy(out_.devices.size())).first->second;
    add_sums(track, device);
    std::vector<KernelLaunch>& launches = out_.launches[number];
    for (const auto& spans : track.spans)
      for (const format::SpanRecord& span : spans) add_span(span, device, launches);
    for (const MissingSpans& gap : missing_spans(track))
      missing_.add(gap.from == 0 ? kEarliest_ns : ns(gap.from),
                   gap.to == UINT64_MAX ? kLatest_ns : ns(gap.to));
  }

  void read_calls(const Track& track) {
    for (const auto& spans : track.spans)
      for (const format::SpanRecord& span : spans)
        if (work(span.stage) == DeviceWork::kWait)
          synchronising_.add(ns(span.start), ns(span.start + span.duration));
  }

  ProcessDevices take() {
    out_.synchronising = synchronising_.spans();
    out_.missing = missing_.spans();
    return std::move(out_);
  }

 private:
  static constexpr std::int64_t kLatest_ns = std::int64_t{1} << 61;
  static constexpr std::int64_t kEarliest_ns = -kLatest_ns;

  DeviceWork work(std::uint16_t stage) const {
    return stage < works_.size() ? works_[stage] : DeviceWork::kUnknown;
  }

  // Hostile ticks give times that are far away, not undefined ones.
  std::int64_t ns(std::uint64_t ticks) const {
    const double value = axis_.at(ticks) * 1e9;
    if (!(value > static_cast<double>(kEarliest_ns))) return kEarliest_ns;
    if (!(value < static_cast<double>(kLatest_ns))) return kLatest_ns;
    return std::llround(value);
  }

  CopySums* sums_of(DeviceWork each, DeviceActivity& device) const {
    switch (each) {
      case DeviceWork::kToDevicePinned:
        return &device.pinned;
      case DeviceWork::kToDevicePageable:
        return &device.pageable;
      case DeviceWork::kToDevice:
        return &device.unknown;
      case DeviceWork::kToHost:
        return &device.to_host;
      default:
        return nullptr;
    }
  }

  // Counts, bytes and lengths are exact, whatever was stored one by one.
  void add_sums(const Track& track, DeviceActivity& device) const {
    for (const format::Cell* cell : track.cells) {
      const DeviceWork each = work(cell->stage);
      if (each == DeviceWork::kKernel) device.kernel_count += cell->count;
      CopySums* const sums = sums_of(each, device);
      if (sums == nullptr) continue;
      sums->count += cell->count;
      sums->bytes += cell->bytes;
      sums->time_s += axis_.lasting(cell->wall_ticks);
    }
  }

  void add_span(const format::SpanRecord& span, DeviceActivity& device,
                std::vector<KernelLaunch>& launches) {
    const DeviceWork each = work(span.stage);
    const bool on_device = is_on_the_device(each);
    if (!on_device && !is_copy_over_the_bus(each)) return;
    const std::int64_t from = ns(span.start), to = ns(span.start + span.duration);
    out_.until_ns = std::max(out_.until_ns, to);
    if (on_device)
      device.kernels.add(from, to);
    else
      (each == DeviceWork::kToHost ? device.copies_to_host : device.copies_to_device).add(from, to);
    if (each != DeviceWork::kKernel) return;
    device.kernel_times.add(out_.names.kernel(span.bytes), to - from);
    if (span.id != format::kNoId) launches.push_back({ns(span.id), from, to});
  }

  TimeAxis axis_;
  std::vector<DeviceWork> works_;
  IntervalSet synchronising_, missing_;
  ProcessDevices out_;
};

}  // namespace

ProcessDevices read_devices(const ProcessFile& process, const TimeAxis& axis,
                            std::uint32_t thread) {
  Reader reader(process, axis);
  for (const Track& track : process.tracks) {
    const auto role = static_cast<Role>(track.record.role);
    // The lower half is the stream's place; the device's own track only has the union.
    if (role == Role::kDevice && place_of(track) != 0) reader.read_stream(track);
    if (role == Role::kDeviceCalls && track.record.index == thread) reader.read_calls(track);
  }
  return reader.take();
}

}  // namespace datamon::report
