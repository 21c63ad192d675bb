#include "report/trace_device_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "report/device_work.h"

namespace datamon::report {
namespace {

bool is_stream_track(const Track& track) {
  return static_cast<Role>(track.record.role) == Role::kDevice;
}

std::vector<const Track*> device_tracks(const ProcessFile& process) {
  std::vector<const Track*> tracks;
  for (const Track& track : process.tracks)
    if (is_device_track(track) && !track.spans.empty()) tracks.push_back(&track);
  const auto place = [](const Track* track) {
    return std::tuple(!is_stream_track(*track), track->record.index, track->record.number);
  };
  std::sort(tracks.begin(), tracks.end(),
            [&](const Track* a, const Track* b) { return place(a) < place(b); });
  return tracks;
}

// "stream 7" of "gpu 0 stream 7": the group says the rest.
std::string row_name(const Track& track) {
  if (!is_stream_track(track))
    return track.name.empty() ? fmt::format("thread {}", track.record.index) : track.name;
  if (place_of(track) == 0) return "busy";
  for (const char* separator : {" ", ", "}) {
    const std::string device = fmt::format("gpu {}{}", device_of(track), separator);
    if (track.name.size() > device.size() && track.name.starts_with(device))
      return track.name.substr(device.size());
  }
  return track.name.empty() ? fmt::format("stream at place {}", place_of(track)) : track.name;
}

std::string group_name(const Track& track, const DeviceNames& names) {
  if (!is_stream_track(track)) return "CUDA calls";
  const auto name = names.devices.find(device_of(track));
  return fmt::format("GPU {}{}{}", device_of(track), name != names.devices.end() ? " " : "",
                     name != names.devices.end() ? name->second : "");
}

// Which process it is that uses the device.
struct Whose {
  std::string before, behind;
};

Whose whose(const ProcessFile& process, bool many_hosts, bool many_processes) {
  Whose words;
  if (many_hosts) words.before = process.host + " ";
  if (process.header.rank != format::kUnknown)
    words.before += fmt::format("rank {} ", process.header.rank);
  else if (many_processes)
    words.behind = fmt::format(" (pid {})", process.header.pid);
  return words;
}

void add_groups(const ProcessFile& process, std::size_t number,
                const std::vector<const Track*>& tracks, const Whose& words,
                std::vector<DeviceGroup>& groups) {
  const DeviceNames names = device_names(process);
  const Track* last = nullptr;
  for (const Track* track : tracks) {
    const bool same = last != nullptr && is_stream_track(*last) == is_stream_track(*track) &&
                      (!is_stream_track(*track) || device_of(*last) == device_of(*track));
    if (!same)
      groups.push_back({number, words.before + group_name(*track, names) + words.behind, {}});
    const bool slices = !is_stream_track(*track) || place_of(*track) != 0;
    groups.back().rows.push_back({track, row_name(*track), slices});
    last = track;
  }
}

}  // namespace

std::vector<DeviceGroup> device_groups(const Recording& recording, const TraceTimeline& timeline) {
  const std::vector<ProcessFile>& files = recording.processes();
  std::vector<std::vector<const Track*>> tracks;
  for (const ProcessFile& process : files) tracks.push_back(device_tracks(process));
  const auto users = std::count_if(tracks.begin(), tracks.end(),
                                   [](const auto& of_process) { return !of_process.empty(); });
  std::vector<DeviceGroup> groups;
  for (std::size_t i = 0; i < files.size(); ++i)
    add_groups(files[i], i, tracks[i], whose(files[i], timeline.hosts > 1, users > 1), groups);
  return groups;
}

}  // namespace datamon::report
