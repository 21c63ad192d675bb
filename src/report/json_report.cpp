// The report for programs. docs/report.schema.json is the contract: keys are
// added, never renamed, within a schema version.
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/data_json.h"
#include "report/forecast/forecast_json.h"
#include "report/forecast/placement_output.h"
#include "report/json_import.h"
#include "report/probe/probe_json.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

const char* class_or_null(StageClass stage_class) {
  return stage_class == StageClass::kOther ? nullptr : to_string(stage_class);
}

ordered_json text_or_null(const char* text) { return text == nullptr ? ordered_json() : text; }

const char* thread_name(HandoffThread thread) {
  if (thread == HandoffThread::kFeeder) return "feeder";
  return thread == HandoffThread::kPin ? "pin" : nullptr;
}

ordered_json loaders(const std::vector<LoaderVerdict>& loaders) {
  ordered_json out = ordered_json::array();
  for (const LoaderVerdict& loader : loaders)
    out.push_back({{"number", loader.number},
                   {"name", loader.name},
                   {"steps", loader.steps},
                   {"input_wait_share", loader.input_wait_share},
                   {"verdict", to_string(loader.label)}});
  return out;
}

ordered_json verdict(const Verdict& verdict) {
  ordered_json qualifiers = ordered_json::array();
  for (const Qualifier qualifier : verdict.qualifiers) qualifiers.push_back(to_string(qualifier));
  return {{"label", to_string(verdict.label)},
          {"qualifiers", qualifiers},
          {"confidence", to_string(verdict.confidence)},
          {"input_wait_share", to_json(verdict.input_wait_share)},
          {"rank", verdict.rank ? ordered_json(*verdict.rank) : ordered_json()},
          {"speedup_without_wait", verdict.speedup_without_wait},
          {"stage", text_or_null(class_or_null(verdict.stage))},
          {"runner_up", text_or_null(class_or_null(verdict.runner_up))},
          {"why", verdict.why},
          {"doubts", verdict.doubts}};
}

// `consumer`: whose steps its stages are shares of; null: as all others.
ordered_json stages(const std::vector<StageProfile>& stages, const ConsumerProfile* consumer) {
  ordered_json out = ordered_json::array();
  for (const StageProfile& stage : stages) {
    const TimeSplit& split = stage.split;
    const auto reading = [&](double value) {
      return split.known ? ordered_json(value) : ordered_json();
    };
    out.push_back({{"name", stage.name},
                   {"class", to_string(stage.stage_class)},
                   {"on_consumer", stage.on_consumer},
                   {"thread", text_or_null(thread_name(stage.thread))},
                   {"count", stage.count},
                   {"wall_s", stage.wall_s},
                   {"self_s", stage.self_s},
                   {"cpu_s", reading(split.cpu_s)},
                   {"runqueue_s", reading(split.runqueue_s)},
                   {"blocked_s", reading(split.blocked_s)},
                   {"fault_s", reading(split.fault_s)},
                   {"measured_share", split.measured_share},
                   {"bytes", stage.bytes},
                   {"p50_ms", stage.p50_ms},
                   {"p99_ms", stage.p99_ms},
                   {"max_ms", stage.max_ms},
                   {"share", consumer != nullptr ? shown_share(*consumer, stage) : stage.share}});
  }
  return out;
}

ordered_json workers(const Profile& profile) {
  ordered_json out = ordered_json::array();
  for (const WorkerProfile& worker : profile.workers) {
    ordered_json self = ordered_json::object();
    for (std::size_t i = 0; i < worker.self_s.size() && i < kStageClasses; ++i)
      if (worker.self_s[i] > 0) self[to_string(static_cast<StageClass>(i))] = worker.self_s[i];
    out.push_back(
        {{"index", worker.index},
         {"pid", worker.pid},
         {"tid", worker.tid},
         {"rank", worker.rank},
         {"name", worker.name},
         {"has_role", worker.has_role},
         {"items", worker.items},
         {"batches", worker.batches},
         {"alive_s", worker.alive_s},
         {"busy_s", worker.busy_s},
         {"feeder_busy_s", worker.has_feeder ? ordered_json(worker.feeder_busy_s) : ordered_json()},
         {"cpu_s", worker.cpu_s},
         {"runqueue_s", worker.runqueue_s},
         {"blocked_s", worker.blocked_s},
         {"batch_p50_ms", worker.batch_p50_ms},
         {"process_cores", worker.process_cores},
         {"process_threads", worker.process_threads},
         {"ended_early", worker.ended_early},
         {"self_s", self}});
  }
  return out;
}

ordered_json machine(const MachineProfile& m) {
  return {{"host", m.host},
          {"hosts", m.hosts},
          {"cpu_model", m.cpu_model},
          {"cores_online", m.cores_online},
          {"cores_allowed", m.cores_allowed},
          {"cores_used_total", m.cores_used_total},
          {"cores_used_job", m.cores_used_job},
          {"throttled_share", m.throttled_share},
          {"runnable", m.runnable},
          {"psi_cpu_some", m.psi_cpu_some},
          {"psi_io_some", m.psi_io_some},
          {"psi_io_full", m.psi_io_full},
          {"psi_memory_some", m.psi_memory_some},
          {"disk", m.disk},
          {"disk_read_bytes_per_s", m.disk_read_bytes_per_s},
          {"disk_read_latency_ms", m.disk_read_latency_ms},
          {"disk_busy_share", m.disk_busy_share},
          {"disk_best_bytes_per_s", m.disk_best_bytes_per_s},
          {"job_storage_bytes_per_s", m.job_storage_bytes_per_s},
          {"page_cache_hit_share", m.page_cache_hit_share},
          {"memory_total_bytes", m.memory_total_bytes},
          {"memory_available_bytes", m.memory_available_bytes},
          {"major_faults_per_s", m.major_faults_per_s},
          {"network_receive_bytes_per_s", m.network_receive_bytes_per_s},
          {"gpu", m.gpu},
          {"gpu_busy_share", m.gpu_busy_share},
          {"gpu_pcie_receive_bytes_per_s", m.gpu_pcie_receive_bytes_per_s}};
}

ordered_json slow_place(const SlowPlace& place) {
  if (place.path.empty()) return {};
  return {{"path", place.path}, {"read_share", place.read_share}, {"factor", place.factor}};
}

ordered_json files(const FilesProfile& files) {
  ordered_json slowest = ordered_json::array();
  for (const FileProfile& file : files.slowest)
    slowest.push_back({{"path", file.path},
                       {"uses", file.uses},
                       {"reads", file.reads},
                       {"file_bytes", file.file_bytes},
                       {"bytes_read", file.bytes_read},
                       {"bytes_mapped", file.bytes_mapped},
                       {"storage_bytes", file.storage_bytes},
                       {"read_s", file.read_s},
                       {"longest_ms", file.longest_ms}});
  return {{"distinct", files.distinct},
          {"distinct_estimated", files.distinct_estimated},
          {"uses", files.uses},
          {"reads", files.reads},
          {"bytes_read", files.bytes_read},
          {"bytes_mapped", files.bytes_mapped},
          {"storage_bytes", files.storage_bytes},
          {"slow_reads", files.slow_reads},
          {"read_s", files.read_s},
          {"slow_s", files.slow_s},
          {"distinct_bytes", files.distinct_bytes},
          {"slow_place", slow_place(files.slow_place)},
          {"slowest", slowest}};
}

ordered_json monitor(const MonitorCost& cost) {
  return {{"spans", cost.spans},
          {"stored_spans", cost.stored_spans},
          {"dropped", cost.dropped},
          {"mismatched_ends", cost.mismatched_ends},
          {"span_cost_ns", cost.span_cost_ns},
          {"cost_s", cost.cost_s},
          {"busy_s", cost.busy_s},
          {"cost_share", cost.cost_share},
          {"startup_s", cost.startup_s},
          {"sampled_share", cost.sampled_share},
          {"bytes", cost.bytes}};
}

ordered_json flag_or_null(int flag) { return flag < 0 ? ordered_json() : ordered_json(flag != 0); }

ordered_json job(const Profile& profile) {
  const JobFacts& job = profile.job;
  ordered_json notes = ordered_json::array();
  for (const auto& [key, value] : job.notes) notes.push_back({{"key", key}, {"value", value}});
  return {{"command", job.command},
          {"recording", job.recording},
          {"started_realtime_s", job.started_realtime_s},
          {"duration_s", job.duration_s},
          {"processes", job.processes},
          {"ranks", job.ranks},
          {"still_running", job.still_running},
          {"ended_cleanly", job.ended_cleanly},
          {"workers", job.workers},
          {"prefetch", job.prefetch},
          {"batch_size", job.batch_size},
          {"worker_kind", job.worker_kind},
          {"start_method", job.start_method},
          {"persistent_workers", flag_or_null(job.persistent_workers)},
          {"pin_memory", flag_or_null(job.pin_memory)},
          {"dataset", job.dataset},
          {"adapter", job.adapter},
          {"loader", profile.loader},
          {"loader_name", profile.loader_name},
          {"loaders", profile.loaders},
          {"notes", notes}};
}

ordered_json consumer(const ConsumerProfile& consumer) {
  return {{"present", consumer.present},
          {"steps", consumer.steps},
          {"steady_steps", consumer.steady_steps},
          {"steady_s", consumer.steady_s},
          {"wait_s", consumer.wait_s},
          {"transfer_s", consumer.transfer_s},
          {"other_wait_s", consumer.other_wait_s},
          {"compute_s", consumer.compute_s},
          {"first_batch_s", consumer.first_batch_s}};
}

const char* to_string(PhaseKind kind) {
  switch (kind) {
    case PhaseKind::kStartUp:
      return "start-up";
    case PhaseKind::kSteady:
      return "steady";
    case PhaseKind::kEpochBoundary:
      return "epoch-boundary";
    case PhaseKind::kDrain:
      return "drain";
    case PhaseKind::kIdle:
      return "idle";
  }
  return "steady";
}

ordered_json phases(const std::vector<Phase>& phases) {
  ordered_json out = ordered_json::array();
  for (const Phase& phase : phases)
    out.push_back(
        {{"kind", to_string(phase.kind)}, {"start_s", phase.start_s}, {"end_s", phase.end_s}});
  return out;
}

ordered_json slow_items(const std::vector<SlowItem>& items) {
  ordered_json out = ordered_json::array();
  for (const SlowItem& item : items) {
    ordered_json parts = ordered_json::array();
    for (const auto& [stage, ms] : item.parts_ms)
      parts.push_back({{"stage", stage}, {"self_ms", ms}});
    const bool has_id = item.id != format::kNoId;
    out.push_back({{"stage", item.stage},
                   {"name", item.name},
                   {"id", has_id ? ordered_json(item.id) : ordered_json()},
                   {"pid", item.pid},
                   {"start_s", item.start_s},
                   {"duration_ms", item.duration_ms},
                   {"bytes", item.bytes},
                   {"parts", parts}});
  }
  return out;
}

ordered_json problems(const std::vector<Problem>& problems) {
  ordered_json out = ordered_json::array();
  for (const Problem& problem : problems)
    out.push_back({{"file", problem.file}, {"offset", problem.offset}, {"what", problem.what}});
  return out;
}

ordered_json remedies(const std::vector<Remedy>& remedies) {
  ordered_json out = ordered_json::array();
  for (const Remedy& remedy : remedies) {
    out.push_back({{"change", remedy.change}, {"why", remedy.why}});
    if (remedy.forecast) out.back()["forecast"] = to_json(*remedy.forecast);
  }
  return out;
}

ordered_json unhelpful(const std::vector<Unhelpful>& unhelpful) {
  ordered_json out = ordered_json::array();
  for (const Unhelpful& change : unhelpful) out.push_back(to_text(change));
  return out;
}

ordered_json facts(const std::vector<Fact>& facts) {
  ordered_json out = ordered_json::object();
  for (const Fact& fact : facts) out[fact.name] = fact.value;
  return out;
}

class JsonReporter : public Reporter {
 public:
  std::string render(const Profile& profile, const Diagnosis& diagnosis,
                     const ForecastSection* forecasts) const override {
    ordered_json out = {{"schema_version", kSchemaVersion},
                        {"verdict", verdict(diagnosis.verdict)},
                        {"throughput",
                         {{"items_per_s", profile.items_per_s},
                          {"batches_per_s", profile.batches_per_s},
                          {"steps_per_s", profile.steps_per_s},
                          {"items", profile.items},
                          {"batches", profile.batch_count}}},
                        {"stages", stages(profile.stages, &profile.consumer)},
                        {"workers", workers(profile)},
                        {"machine", machine(profile.machine)},
                        {"remedies", remedies(diagnosis.remedies)},
                        {"unhelpful", unhelpful(diagnosis.unhelpful)},
                        {"monitor", monitor(profile.monitor)},
                        {"problems", problems(profile.problems)},
                        {"next", diagnosis.next},
                        {"job", job(profile)},
                        {"loaders", loaders(diagnosis.loaders)},
                        {"data", to_json(profile.data)},
                        {"consumer", consumer(profile.consumer)},
                        {"phases", phases(profile.phases)},
                        {"start_up", {{"stages", stages(profile.start_up_stages, nullptr)}}},
                        {"slow_items", slow_items(profile.slow_items)},
                        {"evidence", facts(diagnosis.facts)}};
    if (profile.files.present) out["files"] = files(profile.files);
    if (forecasts != nullptr) {
      out["forecasts"] = to_json(forecasts->forecasts);
      out["forecast_basis"] = basis_json(*forecasts);
      if (forecasts->placement) out["placement"] = to_json(*forecasts->placement);
    }
    if (profile.probe) out["probe"] = probe_json(*profile.probe, diagnosis.verdict, forecasts);
    if (profile.gpu) out["gpu"] = gpu_json(*profile.gpu);
    if (profile.import) out["import"] = import_json(*profile.import);
    return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }
};

}  // namespace

std::unique_ptr<Reporter> json_reporter() { return std::make_unique<JsonReporter>(); }

}  // namespace datamon::report
