// What the devices of a recording did, and what its steps waited for copies.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "report/gpu_tracks.h"
#include "report/median.h"
#include "report/profile_parts.h"
#include "report/thread_spans.h"

namespace datamon::report {
namespace {

constexpr std::int64_t kAllTime_ns = std::int64_t{1} << 61;

std::int64_t ns(double seconds) {
  constexpr double kMost = static_cast<double>(kAllTime_ns);
  return std::llround(std::clamp(seconds * 1e9, -kMost, kMost));
}

TimeSpans to_spans(const Stretches& stretches) {
  IntervalSet set(stretches.size() + 1);
  for (const Stretch& stretch : stretches) set.add(ns(stretch.from_s), ns(stretch.to_s));
  return set.spans();
}

TimeSpans waits_of(const ConsumerSteps& steps) {
  IntervalSet set(steps.steps.size() + 1);
  for (const RawStep& step : steps.steps) set.add(ns(step.start_s), ns(step.wait_end_s));
  return set.spans();
}

// Where the consumer's own spans were not stored.
TimeSpans missing_of(const LoaderTrack& consumer) {
  IntervalSet set;
  for (const MissingSpans& gap : missing_spans(*consumer.track))
    set.add(ns(consumer.axis.at(gap.from)),
            gap.to == UINT64_MAX ? kAllTime_ns : ns(consumer.axis.at(gap.to)));
  return set.spans();
}

// What is known of the devices of a process: without what was not stored, and
// without the moment before it ended without a word.
TimeSpans known(TimeSpans window, const ProcessDevices& found, const ProcessFile& process) {
  window = difference(window, found.missing);
  if (process.header.end_state == static_cast<std::uint32_t>(format::EndState::kOpen))
    window = intersection(window, {{-kAllTime_ns, std::max(found.until_ns, -kAllTime_ns + 1)}});
  return window;
}

// Steps in which everything is known wait for what their copies held up, not for
// what the thread spent in calls that start them: those also wait for the work
// before. Returns the share of those steps that is copies.
std::optional<double> replace_transfers(ConsumerSteps& steps, const ConsumerPhases& phases,
                                        const TimeSpans& exposed, const TimeSpans& window) {
  double transfer_s = 0, whole_s = 0;
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    RawStep& step = steps.steps[i];
    const std::int64_t from = ns(step.start_s), to = ns(step.end_s);
    if (!phases.is_steady[i] || to <= from || covered_ns(window, from, to) < to - from) continue;
    const double room_s = step.length() - step.wait() - std::max(0.0, step.other_s);
    step.transfer_s = std::clamp(static_cast<double>(covered_ns(exposed, from, to)) * 1e-9, 0.0,
                                 std::max(0.0, room_s));
    transfer_s += step.transfer_s;
    whole_s += step.length();
  }
  if (!(whole_s > 0)) return std::nullopt;
  return transfer_s / whole_s;
}

// By the step that was under way when they were launched.
std::optional<GpuLaunches> launches_of(const std::vector<KernelLaunch>& launches,
                                       const ConsumerSteps& steps, const ConsumerPhases& phases,
                                       const TimeSpans& window) {
  std::vector<double> step_ms(steps.steps.size()), lead_us;
  std::uint64_t kernels = 0;
  for (const KernelLaunch& launch : launches) {
    const auto next = std::upper_bound(
        steps.steps.begin(), steps.steps.end(), launch.launched_ns,
        [](std::int64_t time, const RawStep& step) { return time < ns(step.start_s); });
    if (next == steps.steps.begin()) continue;
    const auto i = static_cast<std::size_t>(next - steps.steps.begin() - 1);
    if (!phases.is_steady[i] || launch.launched_ns >= ns(steps.steps[i].end_s)) continue;
    step_ms[i] += static_cast<double>(launch.end_ns - launch.start_ns) * 1e-6;
    lead_us.push_back(
        static_cast<double>(std::max<std::int64_t>(0, launch.start_ns - launch.launched_ns)) *
        1e-3);
    ++kernels;
  }
  std::vector<double> known_ms;
  for (std::size_t i = 0; i < step_ms.size(); ++i) {
    const std::int64_t from = ns(steps.steps[i].start_s), to = ns(steps.steps[i].end_s);
    if (phases.is_steady[i] && to > from && covered_ns(window, from, to) == to - from)
      known_ms.push_back(step_ms[i]);
  }
  if (kernels == 0 || known_ms.empty()) return std::nullopt;
  return GpuLaunches{static_cast<double>(kernels) / static_cast<double>(known_ms.size()),
                     median(std::move(known_ms)), median(std::move(lead_us))};
}

// The consumer that runs in the process; nullopt: none.
std::optional<std::size_t> consumer_in(const LoaderTracks& tracks, const ProcessFile& process) {
  for (std::size_t c = 0; c < tracks.consumers.size(); ++c)
    if (tracks.consumers[c].process == &process) return c;
  return std::nullopt;
}

void add_lost(const ProcessFile& process, GpuProfile& gpu) {
  const std::string_view text = process.note("cupti.lost_records");
  std::uint64_t lost = 0;
  std::from_chars(text.data(), text.data() + text.size(), lost);
  gpu.lost_records += std::min(lost, UINT64_MAX - gpu.lost_records);
}

void add_process(Analysis& analysis, std::size_t p, GpuProfile& gpu) {
  const ProcessFile& process = analysis.recording.processes()[p];
  add_lost(process, gpu);
  const std::optional<std::size_t> c = consumer_in(analysis.tracks, process);
  const std::uint32_t thread = c ? analysis.tracks.consumers[*c].track->record.tid : 0;
  ProcessDevices found = read_devices(process, analysis.timeline.axis(p), thread);
  if (found.devices.empty()) return;
  const ConsumerPhases& phases = analysis.phases[c.value_or(0)];
  GpuContext context;
  context.window = known(to_spans(phases.steady), found, process);
  context.consumer_known = c.has_value();
  if (c) {
    context.waits = waits_of(analysis.steps[*c]);
    context.synchronising = std::move(found.synchronising);
    context.window = difference(context.window, missing_of(analysis.tracks.consumers[*c]));
    gpu.synchronising_s += total_s(intersection(context.synchronising, context.window));
  }
  gpu.causes_known = gpu.causes_known && c.has_value();
  gpu.steady_s += total(phases.steady);
  const std::uint32_t rank = process.header.rank;
  for (auto& [number, device] : found.devices) {
    GpuDeviceProfile profile = device_profile(device, context);
    profile.device = number;
    if (const auto name = found.names.devices.find(static_cast<std::uint32_t>(number));
        name != found.names.devices.end())
      profile.name = name->second;
    profile.rank = rank == format::kUnknown ? 0 : rank;
    if (c)
      profile.launches =
          launches_of(found.launches[number], analysis.steps[*c], phases, context.window);
    gpu.longest_merged_s = std::max(gpu.longest_merged_s,
                                    static_cast<double>(device.kernels.longest_closed_ns()) * 1e-9);
    gpu.devices.push_back(std::move(profile));
  }
  if (c)
    analysis.transfer_share[*c] = replace_transfers(
        analysis.steps[*c], phases, exposed_copies(found.devices, context.waits), context.window);
}

}  // namespace

void analyse_devices(Analysis& analysis) {
  analysis.transfer_share.resize(analysis.tracks.consumers.size());
  GpuProfile gpu;
  gpu.causes_known = true;
  const auto& processes = analysis.recording.processes();
  for (std::size_t p = 0; p < processes.size(); ++p)
    if (std::any_of(processes[p].tracks.begin(), processes[p].tracks.end(), is_device_track))
      add_process(analysis, p, gpu);
  if (gpu.devices.empty()) return;
  std::stable_sort(gpu.devices.begin(), gpu.devices.end(),
                   [](const GpuDeviceProfile& a, const GpuDeviceProfile& b) {
                     return a.rank != b.rank ? a.rank < b.rank : a.device < b.device;
                   });
  analysis.gpu = std::move(gpu);
}

}  // namespace datamon::report
