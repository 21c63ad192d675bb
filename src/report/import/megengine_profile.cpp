// A log of MegEngine's data monitor as a profile.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "report/import/duration_sums.h"
#include "report/import/import.h"
#include "report/import/import_stages.h"
#include "report/import/megengine_log.h"
#include "report/problem_log.h"
#include "report/profile_parts.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostPids = 4096;

// A batch that lies in the queue for longer than one takes to make was not waited
// for; one that is taken within this part of that time was there no sooner.
constexpr double kTakenAtOnce = 0.25;

// The first batches, and the latest ones.
class BatchRing {
 public:
  void add(const BatchSample& batch) {
    if (first_.size() < kMostBatches / 2)
      first_.push_back(batch);
    else if (latest_.size() < kMostBatches / 2)
      latest_.push_back(batch);
    else
      latest_[next_++ % latest_.size()] = batch;
  }
  std::vector<BatchSample> take() {
    if (!latest_.empty())
      std::rotate(latest_.begin(),
                  latest_.begin() + static_cast<std::ptrdiff_t>(next_ % latest_.size()),
                  latest_.end());
    first_.insert(first_.end(), latest_.begin(), latest_.end());
    return std::move(first_);
  }

 private:
  std::vector<BatchSample> first_, latest_;
  std::size_t next_ = 0;
};

struct LogSums {
  std::uint64_t serial = 0, worker = 0, consumer = 0;
  DurationSums dataset, transform, collate, batch, queue;
  std::set<std::uint64_t> makers;  // pids
  BatchRing batches;

  void add(const MonitorLine& line) {
    if (line.kind == MonitorLine::Kind::kConsumer) {
      ++consumer;
      queue.add(line.ipc_s);
      return;
    }
    const bool is_serial = line.kind == MonitorLine::Kind::kSerial;
    ++(is_serial ? serial : worker);
    if (makers.size() < kMostPids) makers.insert(line.pid);
    dataset.add(line.dataset_s);
    transform.add(line.transform_s);
    collate.add(line.collate_s);
    batch.add(line.dataset_s + line.transform_s + line.collate_s);
    BatchSample sample;
    sample.id = is_serial ? serial - 1 : line.idx;
    sample.self_s[static_cast<std::size_t>(StageClass::kFetch)] = line.dataset_s;
    sample.self_s[static_cast<std::size_t>(StageClass::kTransform)] = line.transform_s;
    sample.self_s[static_cast<std::size_t>(StageClass::kCollate)] = line.collate_s;
    sample.items = 1;
    batches.add(sample);
  }
  bool without_workers() const { return serial > worker; }
};

std::string failures_text(const LogReading& reading) {
  std::string out;
  if (reading.map_workers_failed)
    out +=
        "the data monitor itself ended this job: with workers and a map-style data set MegEngine "
        "fails under MGE_DATA_MONITOR=1 (a tuple is formatted as a number)";
  if (reading.serial_failed)
    out += std::string(out.empty() ? "" : "; ") +
           "the data monitor itself ended this job: without workers MegEngine fails under "
           "MGE_DATA_MONITOR=1 (its table of workers is empty)";
  return out;
}

void fill_stages(const LogSums& sums, Profile& profile) {
  auto& stages = profile.stages;
  if (sums.batch.count() > 0) {
    stages.push_back(sums.dataset.stage("fetch", StageClass::kFetch));
    stages.push_back(sums.transform.stage("transform", StageClass::kTransform));
    stages.push_back(sums.collate.stage("collate", StageClass::kCollate));
    for (StageProfile& stage : stages) stage.on_consumer = sums.without_workers();
  }
  if (sums.queue.count() > 0) {
    StageProfile queue = sums.queue.stage("queue", StageClass::kHandoff);
    queue.residence = true;
    stages.push_back(std::move(queue));
  }
  set_shares(stages);
}

void say_batch(const LogSums& sums, ImportFacts& facts) {
  const double all = sums.batch.sum_s();
  if (!(all > 0)) return;
  const auto share = [&](const DurationSums& part) { return percent_text(part.sum_s() / all); };
  facts.findings.push_back(fmt::format(
      "a batch takes {} to make: data set (read and decode) {}, transform {}, collate {}",
      time_text(all / static_cast<double>(sums.batch.count())), share(sums.dataset),
      share(sums.transform), share(sums.collate)));
  if (sums.worker > 0 && !(sums.dataset.sum_s() > 0))
    facts.findings.emplace_back(
        "dataset_time is always 0: the consumer itself reads the data set (parallel_stream=False), "
        "and that time is in no line");
}

void say_queue(const LogSums& sums, ImportFacts& facts) {
  if (sums.queue.count() == 0 || sums.batch.count() == 0) return;
  const double queue_s = sums.queue.quantile_s(0.5), batch_s = sums.batch.quantile_s(0.5);
  const std::string times =
      fmt::format("{} pass from put to get (median), and a batch takes {} to make",
                  time_text(queue_s), time_text(batch_s));
  if (queue_s > batch_s)
    facts.findings.push_back(times + ": batches lie ready, and the loop does not wait for most");
  else if (queue_s <= kTakenAtOnce * batch_s)
    facts.findings.push_back(times +
                             ": the loop takes batches at once, as one that waits for them does");
  else
    facts.findings.push_back(times + ": that points neither way");
}

void say_missing(const LogSums& sums, ImportFacts& facts) {
  facts.missing.emplace_back(
      "how long the loop waits for data: the log has no time of a step; record with MON=1");
  facts.missing.emplace_back(
      "reading apart from decoding: dataset_time holds both; record with MON=1");
  if (sums.consumer > 0)
    facts.missing.emplace_back(
        "what handing over costs: IPC_time is counted from before the put, so it holds the time in "
        "the queue too, and only since the worker's latest put");
  if (sums.worker + sums.consumer > 0)
    facts.missing.emplace_back(
        "the batches and workers that print nothing: MGE_DATA_MONITOR_FREQUENCY=1 prints all");
}

std::string workers_text(const LogSums& sums) {
  if (sums.without_workers()) return "no workers";
  if (sums.makers.empty()) return "workers not in the log";
  return fmt::format("{} worker{} seen", sums.makers.size(), sums.makers.size() == 1 ? "" : "s");
}

}  // namespace

Profile import_megengine_log(const std::filesystem::path& path) {
  ByteStream bytes(path);
  LogSums sums;
  const LogReading reading =
      read_megengine_log(bytes, [&](const MonitorLine& line) { sums.add(line); });
  const std::string failures = failures_text(reading);
  if (sums.serial + sums.worker + sums.consumer == 0)
    throw ImportError(path.string() + " has no line of MegEngine's data monitor: " +
                      (!failures.empty() ? failures + "; record with MON=1"
                       : !reading.error.empty()
                           ? reading.error
                           : "run the job with MGE_DATA_MONITOR=1 and keep what it prints"));
  Profile profile = empty_import();
  profile.job.recording = path.string();
  profile.batch_count = sums.batch.count();
  fill_stages(sums, profile);
  profile.batches = sums.batches.take();

  ImportFacts facts;
  facts.format = ImportFormat::kMegEngineLog;
  facts.file = path.string();
  facts.bytes = bytes.bytes();
  facts.records = sums.serial + sums.worker + sums.consumer;
  facts.workers = workers_text(sums);
  say_batch(sums, facts);
  say_queue(sums, facts);
  if (!failures.empty()) facts.findings.push_back(failures);
  say_missing(sums, facts);
  profile.import = std::move(facts);
  ProblemLog problems(path.string());
  if (!reading.error.empty())
    problems.add(bytes.bytes(), reading.error + "; the lines before it are used");
  if (reading.damaged > 0)
    problems.add(reading.first_damaged,
                 fmt::format("{} line{} of the data monitor not whole, the first one here",
                             reading.damaged, reading.damaged == 1 ? " is" : "s are"));
  profile.problems = problems.take();
  return profile;
}

}  // namespace datamon::report
