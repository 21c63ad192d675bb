// The evidence in sentences, numbers included: what a reader needs to believe
// the verdict, or to doubt it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/diagnosis_thresholds.h"
#include "report/diagnosis_verdict.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;
using Lines = std::vector<std::string>;

std::string interval_text(const Interval& interval) {
  return fmt::format("{} ({} to {})", percent_text(interval.value), percent_text(interval.low),
                     percent_text(interval.high));
}

double share_of(const Ruling& ruling, Cost cost) {
  const double all = std::accumulate(ruling.costs.begin(), ruling.costs.end(), 0.0);
  return all > 0 ? ruling.costs[static_cast<std::size_t>(cost)] / all : 0;
}

void explain_wait(const Evidence& evidence, const Ruling& ruling, Lines& out) {
  const StepEvidence& step = evidence.step;
  const std::string wait = interval_text(step.wait);
  switch (ruling.ground) {
    case Ground::kNoConsumer:
      out.emplace_back("no thread takes batches in this recording: none was marked as consumer");
      return;
    case Ground::kTooFewSteps:
      out.push_back(fmt::format(
          "{} steady step{} recorded; {} are needed for a verdict", step.steps,
          plural(static_cast<double>(step.steps), " was", "s were"), th::kMinimumSteps));
      if (ruling.leaning)
        out.push_back(fmt::format("so far it points to {}: input wait is {} of a step",
                                  to_string(*ruling.leaning), wait));
      return;
    case Ground::kNoStages:
      out.push_back(
          fmt::format("input wait is {} of a step, but nothing was recorded of those who "
                      "make the batches",
                      wait));
      return;
    case Ground::kStraddles:
      out.push_back(fmt::format("input wait is {} of a step: around the threshold of {}", wait,
                                percent_text(th::kInputBound)));
      return;
    case Ground::kNoReserve:
      out.push_back(fmt::format("input wait is only {} of a step", wait));
      out.push_back(
          fmt::format("the workers work {} of their time: a faster step would have to wait",
                      percent_text(evidence.makers.work_share.value_or(1))));
      return;
    case Ground::kSmallWait:
      out.push_back(fmt::format("input wait is only {} of a step", wait));
      if (evidence.makers.work_share)
        out.push_back(fmt::format("the workers work {} of their time and have reserve",
                                  percent_text(*evidence.makers.work_share)));
      return;
    case Ground::kTransfer:
      out.push_back(fmt::format("transfers to the device take {} of a step, input wait {}",
                                interval_text(step.transfer), percent_text(step.wait.value)));
      return;
    default:
      out.push_back(fmt::format("input wait is {} of a step, above the threshold of {}", wait,
                                percent_text(th::kInputBound)));
  }
}

// What could not be read may be all that is missing.
void explain_damage(const Profile& profile, const Ruling& ruling, Lines& out) {
  if (ruling.label != Label::kInsufficientData) return;
  const Problem* const problem = first_damage(profile);
  if (problem != nullptr)
    out.push_back(fmt::format("the recording has a problem that may be why: {} at byte {}: {}",
                              printable(problem->file), problem->offset, printable(problem->what)));
}

// What other loaders cost the same step.
void explain_others(const Evidence& evidence, Lines& out) {
  if (evidence.step.other_share >= th::kInputBound)
    out.push_back(fmt::format("another {} of a step goes to other data loaders",
                              percent_text(evidence.step.other_share)));
}

void explain_stage(const Evidence& evidence, const Ruling& ruling, Lines& out) {
  const MakerEvidence& makers = evidence.makers;
  if (!ruling.leader) return;
  if (ruling.ground == Ground::kHandoverOnWait) {
    out.push_back(evidence.step.ready_known
                      ? fmt::format("{} of the wait passes after the batch was handed over: the "
                                    "consumer receives and unpacks it",
                                    percent_text(evidence.step.handover_s / evidence.step.wait_s))
                      : "most of the wait is spent receiving and unpacking batches");
    return;
  }
  if (ruling.ground == Ground::kPinThread) {
    out.push_back(fmt::format("the pin-memory thread is busy {} of the time",
                              percent_text(makers.pin_busy_share)));
    return;
  }
  if (ruling.ground == Ground::kFeeder) {
    out.push_back(fmt::format(
        "the threads that pack and send the workers' batches are busy {} of the time, the workers "
        "{}",
        percent_text(makers.feeder_busy_share.value_or(1)),
        percent_text(makers.busy_share.value_or(0))));
    return;
  }
  const char* basis = ruling.by_cpu    ? "of the CPU time of a batch"
                      : ruling.by_wait ? "of the time of the batches that were waited for"
                                       : "of the time to make a batch";
  std::string line = fmt::format("{} takes {} {}", to_string(*ruling.leader),
                                 percent_text(share_of(ruling, *ruling.leader)), basis);
  if (ruling.runner_up)
    line += fmt::format(", {} {}", to_string(*ruling.runner_up),
                        percent_text(share_of(ruling, *ruling.runner_up)));
  out.push_back(line);
  if (ruling.by_cpu)
    out.emplace_back("ranked by time on a core: no core is left, so sleeping costs nothing");
  if (const double asleep = asleep_share(evidence, ruling); asleep > 0)
    out.push_back(
        fmt::format("{} of it is asleep without disk activity: a lock (the GIL, an allocator), a "
                    "pipe or the network",
                    percent_text(asleep)));
  const double reading = makers.wall[static_cast<std::size_t>(Cost::kRead)];
  if (makers.moved_to_read_s > 0.1 * reading && reading > 0)
    out.push_back(
        fmt::format("{} of the reading happens inside other stages (blocked, or page "
                    "faults from storage)",
                    percent_text(std::min(1.0, makers.moved_to_read_s / reading))));
}

void explain_late_handover(const Evidence& evidence, Lines& out) {
  const StepEvidence& step = evidence.step;
  if (waits_for_senders(step))
    out.push_back(fmt::format(
        "{} of the wait passes asleep in receiving, while the worker that sent the batch "
        "is at work on another one: it hands over what it sent between two batches",
        percent_text(std::min(1.0, step.handover_late_s / step.wait_s))));
}

void explain_slow_worker(const MakerEvidence& makers, Lines& out) {
  if (makers.slow_worker >= 0)
    out.push_back(fmt::format("{} takes {} as long for a batch as the others",
                              makers.slow_worker_name, factor_text(makers.slow_worker_factor)));
}

void explain_workers(const Evidence& evidence, const Ruling& ruling, Lines& out) {
  const MakerEvidence& makers = evidence.makers;
  if (ruling.ground == Ground::kConsumerLoads)
    out.emplace_back("there are no workers: the consumer's thread makes its own batches");
  if (ruling.ground != Ground::kWorkers || !makers.busy_share) return;
  out.push_back(fmt::format(
      "{} busy {} of the time",
      makers.workers == 1 ? "the worker is" : fmt::format("the {} workers are", makers.workers),
      percent_text(*makers.busy_share)));
  if (makers.takes_turns)
    out.push_back(
        fmt::format("so are the threads that pack and send their batches ({}): both take "
                    "turns, and a batch costs the work of both",
                    percent_text(*makers.feeder_busy_share)));
  if (!slow_worker_leads(evidence)) explain_slow_worker(makers, out);
}

std::string cores_line(const MachineEvidence& machine) {
  if (!machine.cores_allowed) return "how many cores are in use is not known";
  const auto used = machine.cores_used ? machine.cores_used : machine.cores_job;
  return fmt::format("{} of {} core{} in use", used ? cores_text(*used) : "?",
                     cores_text(*machine.cores_allowed),
                     plural(*machine.cores_allowed, " is", "s are"));
}

std::string used_by_others(double cores) {
  const std::string text = cores_text(cores);
  return fmt::format("{} core{} used by other programs", text, text == "1" ? " is" : "s are");
}

// Who holds the cores, where that is not this job.
std::string of_others(const MachineEvidence& machine) {
  if (!disturbed(machine)) return "";
  return fmt::format(", {} of them by other programs", cores_text(*machine.cores_others));
}

std::string straggler_line(const MakerEvidence& makers) {
  if (makers.item_tail)
    return fmt::format(
        "a few items are far slower than the rest (median {}, slowest {}) and make "
        "{} of the work",
        time_text(makers.item_p50_s), time_text(makers.item_max_s),
        percent_text(makers.straggler_work_share));
  return fmt::format(
      "{} of the wait falls on the {} of batches that take more than {:.0f}x the "
      "median",
      percent_text(makers.straggler_wait_share), percent_text(makers.straggler_share),
      th::kStragglerFactor);
}

std::string storage_line(const MachineEvidence& machine) {
  if (machine.limit_above_disk)
    return fmt::format(
        "storage is at a limit above its disk (a control group's, a volume's): reads wait {} of "
        "the time for {}/s, while the disk is busy {}",
        percent_text(machine.reads_waiting), bytes_text(*machine.job_storage_bytes_per_s),
        percent_text(*machine.disk_busy));
  if (machine.reads_share)
    return fmt::format(
        "{} is at its limit: what one worker's reads get the others' do without{}, and one is "
        "under way {} of the time",
        server_of_reads(machine),
        machine.reads_bytes_per_s > 0
            ? fmt::format(" ({}/s in all)", bytes_text(machine.reads_bytes_per_s))
            : "",
        percent_text(machine.reads_active));
  if (machine.reads_queue)
    return fmt::format(
        "{} is at its limit: the job's reads wait for each other (their time grows as the "
        "number under way to the power of {:.1f}), and one is under way {} of the time",
        server_of_reads(machine), machine.reads_growth, percent_text(machine.reads_active));
  std::string line = "storage is at its limit:";
  if (machine.disk_busy) line += fmt::format(" disk busy {}", percent_text(*machine.disk_busy));
  if (machine.io_some)
    line += fmt::format("{} somebody waits for IO {} of the time", machine.disk_busy ? "," : "",
                        percent_text(*machine.io_some));
  return line;
}

std::string qualifier_line(Qualifier qualifier, const Evidence& evidence) {
  const MachineEvidence& machine = evidence.machine;
  switch (qualifier) {
    case Qualifier::kTooFewWorkers:
      return cores_line(machine) + ": there is room for more workers";
    case Qualifier::kCpuSaturated:
      if (machine.throttled) return "the cgroup's CPU limit " + throttling_text(machine);
      if (!evidence.makers.split_known) return cores_line(machine) + of_others(machine);
      return fmt::format("{}{}; loader stages wait for a core {} of their running time",
                         cores_line(machine), of_others(machine),
                         percent_text(evidence.makers.crowded_share));
    case Qualifier::kStorageSaturated:
      return storage_line(machine);
    case Qualifier::kStragglerItems:
      return straggler_line(evidence.makers);
    case Qualifier::kOutOfOrderWait:
      return fmt::format("during {} of the wait a later batch was ready",
                         percent_text(std::min(1.0, evidence.step.out_of_order_share)));
    case Qualifier::kConsumerThreadBound:
      return {};  // said by the stage's or the workers' line
    case Qualifier::kStartUp:
      if (evidence.run.epoch_boundary_share >= th::kEpochBoundaries)
        return fmt::format("{} epoch boundaries take {} of the run", evidence.run.epoch_boundaries,
                           percent_text(evidence.run.epoch_boundary_share));
      return fmt::format("start-up takes {} of the run", percent_text(evidence.run.start_up_share));
    case Qualifier::kLaunchBound:
      if (!evidence.gpu.lead_us) return {};  // said by the line on the devices
      return fmt::format("kernels begin {} after their launch (median), {:.0f} of them a step",
                         time_text(*evidence.gpu.lead_us * 1e-6), *evidence.gpu.kernels_per_step);
    case Qualifier::kInterference:
      return used_by_others(machine.cores_others.value_or(0));
  }
  return {};
}

// What is known of a job whose loop is not: how much of it loading can be at most.
void explain_unmarked(const Profile& profile, Lines& out) {
  double longest_s = 0, read_s = 0, decode_s = 0, other_s = 0;
  for (const WorkerProfile& worker : profile.workers)
    longest_s = std::max(longest_s, worker.alive_s);
  for (const StageProfile& stage : profile.stages) {
    double& sum = stage.stage_class == StageClass::kRead     ? read_s
                  : stage.stage_class == StageClass::kDecode ? decode_s
                                                             : other_s;
    sum += stage.self_s;
  }
  const double all_s = read_s + decode_s + other_s;
  if (!(all_s > 0)) return;
  std::string line =
      fmt::format("recorded work: {} reading, {} decoding", time_text(read_s), time_text(decode_s));
  if (other_s > 0) line += fmt::format(", {} in other stages", time_text(other_s));
  if (profile.workers.size() == 1 && longest_s > 0)
    line += fmt::format(
        ", on one thread: {} of the {} that it was watched, and no change to "
        "them can save more",
        percent_text(std::min(1.0, all_s / longest_s)), time_text(longest_s));
  else
    line += fmt::format(", on {} thread{} in {}", profile.workers.size(),
                        plural(static_cast<double>(profile.workers.size())), time_text(longest_s));
  out.push_back(std::move(line));
}

void explain_gpu(const Evidence& evidence, const Ruling& ruling, Lines& out) {
  const GpuEvidence& gpu = evidence.gpu;
  if (!gpu.known || ruling.label == Label::kInsufficientData) return;
  out.push_back(busy_line(gpu));
  if (gpu.synchronising >= th::kInputBound)
    out.push_back(
        fmt::format("the loop sits {} of the time in calls that wait for the GPU (.item(), "
                    "cudaStreamSynchronize): that is no work of its own",
                    percent_text(gpu.synchronising)));
  if (ruling.label == Label::kTransferBound && gpu.to_device_s > 0) out.push_back(copies_line(gpu));
}

}  // namespace

std::string server_of_reads(const MachineEvidence& machine) {
  return machine.from_page_cache ? "whatever serves the reads" : "storage";
}

std::string throttling_text(const MachineEvidence& machine) {
  if (machine.throttled_share)
    return fmt::format("stops the job {} of the time", percent_text(*machine.throttled_share));
  return fmt::format("stops the job in {} of its scheduling periods",
                     percent_text(machine.throttled_periods.value_or(0)));
}

std::vector<std::string> explain(const Profile& profile, const Evidence& evidence,
                                 const Ruling& ruling, const std::vector<Qualifier>& qualifiers) {
  Lines out;
  explain_damage(profile, ruling, out);
  explain_wait(evidence, ruling, out);
  if (ruling.ground == Ground::kNoConsumer) explain_unmarked(profile, out);
  explain_others(evidence, out);
  explain_gpu(evidence, ruling, out);
  if (is_input_bound(ruling.label)) {
    if (slow_worker_leads(evidence)) explain_slow_worker(evidence.makers, out);
    explain_stage(evidence, ruling, out);
    explain_late_handover(evidence, out);
    explain_workers(evidence, ruling, out);
  }
  const bool said_of_others =
      !evidence.machine.throttled && is_among(qualifiers, Qualifier::kCpuSaturated);
  for (const Qualifier qualifier : qualifiers) {
    if (qualifier == Qualifier::kInterference && said_of_others) continue;
    std::string line = qualifier_line(qualifier, evidence);
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

}  // namespace datamon::report
