// A Kineto trace as a profile.
#include <fmt/format.h>

#include <algorithm>

#include "report/import/import.h"
#include "report/import/import_stages.h"
#include "report/import/kineto_gpu.h"
#include "report/import/kineto_parts.h"
#include "report/import/kineto_reader.h"
#include "report/nanoseconds.h"
#include "report/problem_log.h"
#include "report/profile_parts.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// Everything that the parts of the profile are made from.
struct Trace {
  KinetoCollector& events;
  const KinetoSteps& steps;
  const SplitWaits& split;
  TimeSpans copies;  // that the steps wait for

  double since_start_s(std::int64_t ns) const { return seconds(ns - events.extent().from); }
};

bool steady(const KinetoStep& step) { return step.kind == StepKind::kSteady; }

void fill_consumer(const Trace& trace, Profile& profile) {
  ConsumerProfile& consumer = profile.consumer;
  consumer.present = trace.steps.consumer_known;
  consumer.steps = trace.steps.steps.size();
  if (!trace.steps.waits.empty())
    consumer.first_batch_s = trace.since_start_s(trace.steps.waits.front().to_ns);
  std::size_t wait = 0;
  for (const KinetoStep& from : trace.steps.steps) {
    Step step;
    step.start_s = trace.since_start_s(from.from_ns);
    step.wait_s = seconds(covered_ns(trace.steps.wait_spans, from.from_ns, from.to_ns));
    step.transfer_s = seconds(covered_ns(trace.copies, from.from_ns, from.to_ns));
    const double length_s = seconds(from.to_ns - from.from_ns);
    step.compute_s = std::max(0.0, length_s - step.wait_s - step.transfer_s);
    while (wait < trace.steps.waits.size() && trace.steps.waits[wait].from_ns < from.from_ns)
      ++wait;
    step.batch = trace.split.clear ? wait : format::kNoId;
    step.ready_s = -1;
    step.steady = steady(from);
    if (step.steady) {
      ++consumer.steady_steps;
      consumer.steady_s += length_s;
      consumer.wait_s += step.wait_s;
      consumer.transfer_s += step.transfer_s;
    }
    consumer.step.push_back(step);
  }
  consumer.compute_s = std::max(0.0, consumer.steady_s - consumer.wait_s - consumer.transfer_s);
  keep_ends(consumer.step, kMostSteps);
  if (consumer.steady_s > 0)
    profile.steps_per_s = profile.batches_per_s =
        static_cast<double>(consumer.steady_steps) / consumer.steady_s;
  profile.batch_count = trace.steps.waits.size();
}

PhaseKind phase_of(StepKind kind) {
  switch (kind) {
    case StepKind::kStartUp:
      return PhaseKind::kStartUp;
    case StepKind::kBoundary:
      return PhaseKind::kEpochBoundary;
    case StepKind::kSteady:
      break;
  }
  return PhaseKind::kSteady;
}

// Without gaps: each phase begins where the one before it ends.
void fill_phases(const Trace& trace, Profile& profile) {
  const auto add = [&](PhaseKind kind, double until_s) {
    auto& phases = profile.phases;
    const double from_s = phases.empty() ? 0 : phases.back().end_s;
    if (until_s <= from_s) return;
    if (!phases.empty() && phases.back().kind == kind)
      phases.back().end_s = until_s;
    else
      phases.push_back({kind, from_s, until_s});
  };
  for (const KinetoStep& step : trace.steps.steps) {
    // What lies between two marked steps belongs to the later one.
    add(profile.phases.empty() ? PhaseKind::kStartUp : phase_of(step.kind),
        trace.since_start_s(step.from_ns));
    add(phase_of(step.kind), trace.since_start_s(step.to_ns));
  }
  add(profile.phases.empty() ? PhaseKind::kStartUp : PhaseKind::kDrain, profile.job.duration_s);
}

// The waits that lie in steady steps, by number.
std::vector<std::size_t> steady_waits(const KinetoSteps& steps) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < steps.waits.size(); ++i)
    if (covered_ns(steps.steady, steps.waits[i].from_ns, steps.waits[i].from_ns + 1) > 0)
      out.push_back(i);
  return out;
}

// The loader's stages inside the waits, where it has no workers.
void add_loader_stages(const Trace& trace, const std::vector<std::size_t>& waits,
                       std::vector<StageProfile>& stages) {
  static constexpr std::pair<StageClass, const char*> kStages[] = {
      {StageClass::kFetch, "fetch"},     {StageClass::kRead, "read"},
      {StageClass::kDecode, "decode"},   {StageClass::kTransform, "transform"},
      {StageClass::kCollate, "collate"}, {StageClass::kHandoff, "pin"}};
  for (const auto& [stage_class, name] : kStages) {
    const auto index = static_cast<std::size_t>(stage_class);
    std::vector<double> each;
    double self_s = 0;
    for (const std::size_t i : waits) {
      self_s += trace.split.waits[i].self_s[index];
      each.push_back(seconds(trace.steps.waits[i].to_ns - trace.steps.waits[i].from_ns));
    }
    const bool fetch = stage_class == StageClass::kFetch;
    if (!(self_s > 0)) continue;
    StageProfile stage = stage_of_lengths(
        name, stage_class, fetch ? std::move(each) : trace.split.lengths_s[index], self_s);
    stage.on_consumer = true;
    stages.push_back(std::move(stage));
  }
}

// The rest of the step, and the ranges in it that have a name.
void add_compute_stages(const Trace& trace, const Profile& profile,
                        std::vector<StageProfile>& stages) {
  std::vector<double> each;
  for (const Step& step : profile.consumer.step)
    if (step.steady) each.push_back(step.compute_s);
  StageProfile compute = stage_of_lengths("compute", StageClass::kCompute, std::move(each));
  compute.count = profile.consumer.steady_steps;
  compute.wall_s = compute.self_s = profile.consumer.compute_s;
  compute.on_consumer = true;
  if (compute.count == 0) return;
  const std::size_t at = stages.size();
  stages.push_back(compute);
  const TimeSpans outside = difference(trace.steps.steady, trace.steps.wait_spans);
  const auto add = [&](const char* name, IntervalSet& ranges) {
    const TimeSpans in_steps = intersection(ranges.spans(), outside);
    if (in_steps.empty()) return;
    std::vector<double> lengths;
    for (const TimeSpan_ns& span : in_steps) lengths.push_back(seconds(span.to - span.from));
    StageProfile stage = stage_of_lengths(name, StageClass::kCompute, std::move(lengths));
    stage.on_consumer = true;
    stages[at].self_s = std::max(0.0, stages[at].self_s - stage.self_s);
    stages.push_back(std::move(stage));
  };
  add("compute/forward", trace.events.forward);
  add("compute/backward", trace.events.backward);
  add("compute/optimizer", trace.events.optimizer);
}

void fill_stages(const Trace& trace, Profile& profile) {
  auto& stages = profile.stages;
  const std::vector<std::size_t> waits = steady_waits(trace.steps);
  std::vector<double> each;
  double inside_s = 0;
  for (const std::size_t i : waits)
    each.push_back(seconds(trace.steps.waits[i].to_ns - trace.steps.waits[i].from_ns));
  if (trace.split.clear) {
    add_loader_stages(trace, waits, stages);
    for (const StageProfile& stage : stages) inside_s += stage.self_s;
  }
  if (!each.empty()) {
    StageProfile wait = stage_of_lengths("wait", StageClass::kWait, std::move(each));
    const double rest_s = wait.wall_s - inside_s;
    wait.self_s = rest_s > 1e-9 * wait.wall_s ? rest_s : 0;  // sums of floats differ in the end
    wait.on_consumer = true;
    stages.push_back(std::move(wait));
  }
  if (profile.consumer.transfer_s > 0) {
    std::vector<double> copies;
    for (const TimeSpan_ns& span : intersection(trace.copies, trace.steps.steady))
      copies.push_back(seconds(span.to - span.from));
    StageProfile transfer = stage_of_lengths("transfer", StageClass::kTransfer, std::move(copies));
    transfer.on_consumer = true;
    stages.push_back(std::move(transfer));
  }
  add_compute_stages(trace, profile, stages);
  set_shares(stages);
}

// What each batch cost, for the interval of the leading stage.
void fill_batches(const Trace& trace, Profile& profile) {
  if (!trace.split.clear) return;
  for (const std::size_t i : steady_waits(trace.steps)) {
    BatchSample batch;
    batch.id = i;
    batch.start_s = trace.since_start_s(trace.steps.waits[i].from_ns);
    batch.end_s = trace.since_start_s(trace.steps.waits[i].to_ns);
    batch.items = 1;
    for (std::size_t c = 0; c < kStageClasses; ++c)
      batch.self_s[c] = trace.split.waits[i].self_s[c];
    profile.batches.push_back(batch);
  }
  keep_ends(profile.batches, kMostBatches);
}

void fill_missing(const Trace& trace, const GpuProfile& gpu, ImportFacts& facts) {
  if (!trace.steps.consumer_known)
    facts.missing.emplace_back(
        "whether the loop waits for data: the trace has no enumerate(DataLoader) ranges, which "
        "PyTorch's DataLoader leaves when it is iterated while the profiler runs");
  else if (!trace.steps.makes_batches)
    facts.missing.emplace_back(
        "which stage of the loader: its workers are processes of their own and not in the trace; "
        "record with MON=1");
  else if (!trace.split.clear)
    facts.missing.emplace_back(
        "which stage of the loader: most of its time is in no operator, range or function whose "
        "name tells; profile with with_stack=True, or record with MON=1");
  facts.missing.emplace_back(
      "whether the cores or the disks are busy, and how long workers wait for them; record with "
      "MON=1");
  if (gpu.devices.empty())
    facts.missing.emplace_back(
        "what a GPU does: the trace has no kernels; profile with ProfilerActivity.CUDA");
}

// Where the split is not clear enough to rank stages by it.
std::string split_text(const SplitWaits& split) {
  if (!split.any || split.clear) return "";
  double all = 0;
  for (const double self_s : split.self_s) all += self_s;
  std::string out = "of the loader's time";
  for (std::size_t c = 0; c < kStageClasses; ++c) {
    if (!(split.self_s[c] > 0)) continue;
    const auto stage_class = static_cast<StageClass>(c);
    out += fmt::format(
        " {} is {},",
        stage_class == StageClass::kFetch ? "code without a name" : to_string(stage_class),
        percent_text(split.self_s[c] / all));
  }
  out.pop_back();
  return out;
}

std::string steps_text(const KinetoSteps& steps) {
  if (!steps.consumer_known) return "";
  return steps.marked_by_user ? "a step is one ProfilerStep#N"
                              : "a step is from one call of the DataLoader's __next__ to the next";
}

void report_problems(const KinetoReading& reading, const KinetoCollector& events,
                     ProblemLog& problems) {
  if (!reading.error.empty())
    problems.add(reading.offset, reading.error + "; the events before it are used");
  if (reading.unusable > 0)
    problems.add(
        0, fmt::format("{} events have no time or length that is a number", reading.unusable));
  if (events.left_out() > 0)
    problems.add(0, fmt::format("{} events are left out: more threads, devices or ranges than are "
                                "kept in memory",
                                events.left_out()));
}

}  // namespace

Profile import_kineto(const std::filesystem::path& path) {
  ByteStream bytes(path);
  KinetoCollector events;
  const KinetoReading reading =
      read_kineto(bytes, [&](const KinetoEvent& event) { events.add(event); });
  if (!reading.any_event_list)
    throw ImportError(path.string() + " is no Chrome trace: " +
                      (reading.error.empty() ? "it has no traceEvents" : reading.error) +
                      "; export one with prof.export_chrome_trace(\"trace.json\")");
  events.finish();
  const KinetoSteps steps = kineto_steps(events);
  const SplitWaits split = steps.makes_batches ? split_waits(events, steps) : SplitWaits{};
  const Trace trace{events, steps, split, exposed_copies(events.devices, steps.wait_spans)};

  Profile profile = empty_import();
  profile.job.recording = path.string();
  profile.job.processes = 1;
  profile.job.ended_cleanly = reading.error.empty();
  const TimeSpan_ns extent = events.extent();
  if (extent.from < extent.to) profile.job.duration_s = seconds(extent.to - extent.from);
  profile.job.notes.emplace_back("rank", std::to_string(std::max(0, reading.header.rank)));
  profile.machine.host = reading.header.host;
  fill_consumer(trace, profile);
  fill_phases(trace, profile);
  fill_stages(trace, profile);
  fill_batches(trace, profile);
  GpuProfile gpu = kineto_gpu(events, steps, reading.header.device_names);

  ImportFacts facts;
  facts.format = ImportFormat::kKineto;
  facts.file = path.string();
  facts.bytes = bytes.bytes();
  facts.records = events.used();
  facts.workers = steps.makes_batches    ? "no workers"
                  : steps.consumer_known ? "workers not in the trace"
                                         : "loader not in the trace";
  if (std::string text = steps_text(steps); !text.empty())
    facts.findings.push_back(std::move(text));
  if (std::string text = split_text(split); !text.empty())
    facts.findings.push_back(std::move(text));
  if (events.used() == 0)
    facts.findings.emplace_back(
        "no event of a loop is in the trace: it may have been exported when schedule() had begun "
        "another cycle (repeat=1 prevents that)");
  fill_missing(trace, gpu, facts);
  profile.import = std::move(facts);
  if (!gpu.devices.empty()) profile.gpu = std::move(gpu);
  ProblemLog problems(path.string());
  report_problems(reading, events, problems);
  profile.problems = problems.take();
  return profile;
}

}  // namespace datamon::report
