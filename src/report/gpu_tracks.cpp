#include "report/gpu_tracks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "report/thread_spans.h"

namespace datamon::report {
namespace {

enum class Kind : std::uint8_t {
  kUnknown,
  kKernel,
  kDeviceWork,  // memsets, copies within the device
  kPinned,
  kPageable,
  kToDevice,
  kToHost,
  kWait
};

// The names that tools/cupti/recorder.cpp gives.
Kind kind_of(std::string_view name) {
  struct Named {
    std::string_view name;
    Kind kind;
  };
  static constexpr std::array<Named, 8> kNames = {{{"gpu-kernel", Kind::kKernel},
                                                   {"gpu-memset", Kind::kDeviceWork},
                                                   {"gpu-copy/within", Kind::kDeviceWork},
                                                   {"gpu-copy/to-device-pinned", Kind::kPinned},
                                                   {"gpu-copy/to-device-pageable", Kind::kPageable},
                                                   {"gpu-copy/to-device", Kind::kToDevice},
                                                   {"gpu-copy/to-host", Kind::kToHost},
                                                   {"gpu-wait", Kind::kWait}}};
  for (const Named& each : kNames)
    if (each.name == name) return each.kind;
  return Kind::kUnknown;
}

// By stage number.
std::vector<Kind> kinds_of(const ProcessFile& process) {
  std::vector<Kind> kinds(process.stages.empty() ? 1 : process.stages.back().id + 1u);
  for (const Stage& stage : process.stages) kinds[stage.id] = kind_of(stage.name);
  return kinds;
}

class Reader {
 public:
  Reader(const ProcessFile& process, const TimeAxis& axis)
      : axis_(axis), kinds_(kinds_of(process)) {}

  void read_stream(const Track& track) {
    const std::int64_t number = track.record.index >> 16;
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
        if (kind(span.stage) == Kind::kWait)
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

  Kind kind(std::uint16_t stage) const {
    return stage < kinds_.size() ? kinds_[stage] : Kind::kUnknown;
  }

  // Hostile ticks give times that are far away, not undefined ones.
  std::int64_t ns(std::uint64_t ticks) const {
    const double value = axis_.at(ticks) * 1e9;
    if (!(value > static_cast<double>(kEarliest_ns))) return kEarliest_ns;
    if (!(value < static_cast<double>(kLatest_ns))) return kLatest_ns;
    return std::llround(value);
  }

  CopySums* sums_of(Kind each, DeviceActivity& device) const {
    switch (each) {
      case Kind::kPinned:
        return &device.pinned;
      case Kind::kPageable:
        return &device.pageable;
      case Kind::kToDevice:
        return &device.unknown;
      case Kind::kToHost:
        return &device.to_host;
      default:
        return nullptr;
    }
  }

  // Counts, bytes and lengths are exact, whatever was stored one by one.
  void add_sums(const Track& track, DeviceActivity& device) const {
    for (const format::Cell* cell : track.cells) {
      const Kind each = kind(cell->stage);
      if (each == Kind::kKernel) device.kernel_count += cell->count;
      CopySums* const sums = sums_of(each, device);
      if (sums == nullptr) continue;
      sums->count += cell->count;
      sums->bytes += cell->bytes;
      sums->time_s += axis_.lasting(cell->wall_ticks);
    }
  }

  void add_span(const format::SpanRecord& span, DeviceActivity& device,
                std::vector<KernelLaunch>& launches) {
    const Kind each = kind(span.stage);
    if (each == Kind::kUnknown || each == Kind::kWait) return;
    const std::int64_t from = ns(span.start), to = ns(span.start + span.duration);
    out_.until_ns = std::max(out_.until_ns, to);
    if (each == Kind::kKernel || each == Kind::kDeviceWork)
      device.kernels.add(from, to);
    else
      (each == Kind::kToHost ? device.copies_to_host : device.copies_to_device).add(from, to);
    if (each == Kind::kKernel && span.id != format::kNoId)
      launches.push_back({ns(span.id), from, to});
  }

  TimeAxis axis_;
  std::vector<Kind> kinds_;
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
    if (role == Role::kDevice && (track.record.index & 0xffff) != 0) reader.read_stream(track);
    if (role == Role::kDeviceCalls && track.record.index == thread) reader.read_calls(track);
  }
  return reader.take();
}

}  // namespace datamon::report
