#include "recorder.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "device_name.h"

namespace datamon::cupti {
namespace {

constexpr std::uint32_t kLastPlace = 0xffff;

datamon_stage stage(std::string_view name) {
  return datamon_define_stage(name.data(), name.size(), DATAMON_CLASS_GPU, 0);
}

// "cupti.kernel.12" = `value`.
void note_numbered(const char* key, std::uint32_t number, std::string_view value) {
  char text[40];
  const int bytes = std::snprintf(text, sizeof text, "%s.%u", key, number);
  datamon_note(text, static_cast<std::size_t>(bytes), value.data(), value.size());
}

void note_device(std::uint32_t device) {
  char name[128];
  if (device_name(device, name, sizeof name)) note_numbered("cupti.device", device, name);
}

}  // namespace

// All are of the class of device time: none of it is work of a loader's stages.
// The names are what the report knows them by (src/report/gpu_tracks.h).
void Recorder::start() {
  constexpr const char* kNames[kWhats] = {"gpu-kernel",
                                          "gpu-memset",
                                          "gpu-copy/within",
                                          "gpu-copy/to-device-pinned",
                                          "gpu-copy/to-device-pageable",
                                          "gpu-copy/to-device",
                                          "gpu-copy/to-host",
                                          "gpu-launch",
                                          "gpu-wait",
                                          "gpu-load",
                                          "gpu-monitor"};
  for (std::size_t i = 0; i < kWhats; ++i)
    if (static_cast<What>(i) != What::kLaunch) stages_[i] = stage(kNames[i]);
}

void Recorder::kernel_name(std::uint32_t number, std::string_view name) {
  note_numbered("cupti.kernel", number, name);
}

std::uint32_t Recorder::place_of(std::uint32_t device, std::uint32_t stream) {
  std::uint32_t of_device = 0;
  for (std::size_t i = 0; i < stream_count_; ++i) {
    if (streams_[i].device != device) continue;
    if (streams_[i].stream == stream) return streams_[i].place;
    ++of_device;
  }
  if (stream_count_ == kMostStreams) return kLastPlace;
  streams_[stream_count_++] = {device, stream, of_device + 1};
  if (of_device == 0) note_device(device);
  return of_device + 1;
}

void Recorder::go_to(datamon_role role, std::uint32_t index, std::uint32_t number,
                     std::uint32_t stream) {
  const std::uint64_t track = std::uint64_t{role} << 32 | index;
  if (track == track_) return;
  track_ = track;
  char name[48];
  const std::uint32_t place = index & kLastPlace;
  int bytes;
  if (role == DATAMON_ROLE_DEVICE_CALLS)
    bytes = std::snprintf(name, sizeof name, "CUDA calls of thread %u", number);
  else if (place == 0)
    bytes = std::snprintf(name, sizeof name, "gpu %u", number);
  else if (place == kLastPlace)
    bytes = std::snprintf(name, sizeof name, "gpu %u, other streams", number);
  else
    bytes = std::snprintf(name, sizeof name, "gpu %u stream %u", number, stream);
  const auto most = static_cast<int>(sizeof name) - 1;
  datamon_thread(role, index, 0, name, static_cast<std::size_t>(std::clamp(bytes, 0, most)));
}

void Recorder::device_span(const Activity& activity, std::uint64_t start, std::uint64_t end,
                           std::uint64_t launched) {
  const std::uint32_t place = place_of(activity.device, activity.stream);
  go_to(DATAMON_ROLE_DEVICE, activity.device << 16 | place, activity.device, activity.stream);
  datamon_record(stages_[static_cast<std::size_t>(activity.what)], start, end,
                 launched == kNotKnown ? DATAMON_NO_ID : launched,
                 activity.what == What::kKernel ? activity.kernel : activity.bytes);
}

void Recorder::thread_span(const Activity& activity, std::uint64_t start, std::uint64_t end) {
  go_to(DATAMON_ROLE_DEVICE_CALLS, activity.thread, activity.thread, 0);
  datamon_record(stages_[static_cast<std::size_t>(activity.what)], start, end, DATAMON_NO_ID, 0);
}

void Recorder::busy_span(std::uint32_t device, std::uint64_t start, std::uint64_t end) {
  go_to(DATAMON_ROLE_DEVICE, device << 16, device, 0);
  datamon_record(DATAMON_GPU_BUSY, start, end, DATAMON_NO_ID, 0);
}

}  // namespace datamon::cupti
