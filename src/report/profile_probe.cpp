// The experiment of a recording, if there was one.
#include <fmt/format.h>

#include "report/file_header.h"
#include "report/probe/sensitivity.h"
#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// The experiment's clock on the recording's axis: CLOCK_MONOTONIC of the host that the
// file names; nullptr if no process of the recording ran there.
const ProcessFile* process_on(const Recording& recording, const format::ProbeHeader& header) {
  for (const ProcessFile& process : recording.processes())
    if (text_of(process.header.boot_id) == text_of(header.boot_id)) return &process;
  return nullptr;
}

// What of a window was between two epochs or idle, by the consumer's phases. Its
// start-up counts: an experiment begins when steps come.
Unsteady unsteady_of(const Analysis& analysis, std::size_t process) {
  Stretches lost;
  for (const Phase& phase : analysis.phases.front().phases)
    if (phase.kind == PhaseKind::kEpochBoundary || phase.kind == PhaseKind::kIdle ||
        phase.kind == PhaseKind::kDrain)
      lost.push_back({phase.start_s, phase.end_s});
  const TimeAxis axis = analysis.timeline.axis(process);
  const format::ClockPair pair = analysis.recording.processes()[process].header.first_pair;
  const double origin_s = axis.at(pair.ticks);
  const auto at = [origin_s, pair](std::uint64_t ns) {
    return origin_s + static_cast<double>(static_cast<std::int64_t>(ns - pair.monotonic_ns)) * 1e-9;
  };
  return [lost, at](std::uint64_t from_ns, std::uint64_t to_ns) {
    return overlap(lost, at(from_ns), at(to_ns)) * 1e9;
  };
}

ProbeEnd end_of(const ProbeRecord& record, bool running, double measured_ns) {
  const format::ProbeHeader& header = record.header;
  if (header.stop_ns != 0) return ProbeEnd::kNarrow;
  const auto limit_ns = static_cast<double>(format::probe_end_ns(header) - header.start_ns);
  if (measured_ns + static_cast<double>(header.window_ns) >= limit_ns) return ProbeEnd::kLimit;
  return running ? ProbeEnd::kRunning : ProbeEnd::kJobEnded;
}

std::string why_no_values(const ProbeProfile& probe, const format::ProbeHeader& header) {
  for (const ProbedStage& stage : probe.measured.stages)
    if (stage.known) return "";
  if (header.class_count == 0) return "no stage took a notable part of the time";
  // Three rounds of each class, with the undelayed windows between them.
  const double wanted_s =
      probe.window_s * 3 * header.class_count * format::kProbePeriod / (format::kProbePeriod - 1);
  return fmt::format(
      "too few windows of {:.1f} s: it needs about {:.0f} s of steady steps; let the job run "
      "longer, or set MON_PROBE_SECONDS",
      probe.window_s, wanted_s);
}

ProbeProfile profile_of(const ProbeRecord& record, const Unsteady& unsteady, bool running) {
  const format::ProbeHeader& header = record.header;
  ProbeProfile probe;
  probe.delay = header.delay_ppm / 1e6;
  if (!record.begun()) {
    probe.why_not = "it never began: no thread took enough batches, one after the other";
    return probe;
  }
  probe.window_s = static_cast<double>(header.window_ns) * 1e-9;
  probe.step_s = static_cast<double>(header.step_ns) * 1e-9;
  probe.measured = measure_sensitivities(record, unsteady);
  std::uint64_t last_ns = header.start_ns;
  for (const format::ProbeWindow& window : record.windows)
    last_ns = std::max(last_ns, window.last_ns);
  const double measured_ns = static_cast<double>(last_ns - header.start_ns);
  probe.seconds = measured_ns * 1e-9;
  probe.end = end_of(record, running, measured_ns);
  for (const ProbedStage& stage : probe.measured.stages) probe.added_s += stage.added_s;
  probe.why_not = why_no_values(probe, header);
  return probe;
}

}  // namespace

void fill_probe(Profile& profile, const Analysis& analysis) {
  const Recording& recording = analysis.recording;
  const auto files = probe_files(recording.path());
  ProbeProfile nothing;
  for (const ProcessFile& process : recording.processes())
    if (const auto why = process.note("probe.why_not"); !why.empty()) nothing.why_not = why;
  if (!nothing.why_not.empty()) profile.probe = nothing;
  if (files.size() > 1) {
    nothing.why_not = "the job ran on several hosts, whose experiments were not in step";
    profile.probe = nothing;
    return;
  }
  for (const auto& file : files) {
    try {
      const ProbeRecord record = read_probe(file);
      const ProcessFile* process = process_on(recording, record.header);
      if (process == nullptr) continue;
      if (record.begun() && static_cast<int>(record.header.loader) != analysis.tracks.loader) {
        nothing.why_not = fmt::format("it was made with loader {}", record.header.loader);
        profile.probe = nothing;
        continue;
      }
      const auto number = static_cast<std::size_t>(process - recording.processes().data());
      profile.probe = profile_of(record, unsteady_of(analysis, number), profile.job.still_running);
    } catch (const RecordingError& error) {
      profile.problems.push_back({file.filename().string(), 0, error.what()});
    }
  }
}

}  // namespace datamon::report
