// What the machine did while the loader was in its steady state.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "report/profile_parts.h"
#include "report/sample_rates.h"

namespace datamon::report {
namespace {

// The file whose sampler saw most of the first process's machine.
const ProcessFile* sampling_file(const std::vector<ProcessFile>& processes, std::size_t& index) {
  const ProcessFile* best = nullptr;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const ProcessFile& process = processes[i];
    if (process.host != processes.front().host || process.samples.rows.empty()) continue;
    if (best != nullptr && best->samples.rows.size() >= process.samples.rows.size()) continue;
    best = &process;
    index = i;
  }
  return best;
}

// Everything is unknown until it is read.
void forget(MachineProfile& machine) {
  for (double MachineProfile::*field : {&MachineProfile::cores_online,
                                        &MachineProfile::cores_allowed,
                                        &MachineProfile::cores_used_total,
                                        &MachineProfile::cores_used_job,
                                        &MachineProfile::throttled_share,
                                        &MachineProfile::throttled_periods_share,
                                        &MachineProfile::runnable,
                                        &MachineProfile::psi_cpu_some,
                                        &MachineProfile::psi_io_some,
                                        &MachineProfile::psi_io_full,
                                        &MachineProfile::psi_memory_some,
                                        &MachineProfile::disk_read_bytes_per_s,
                                        &MachineProfile::disk_read_latency_ms,
                                        &MachineProfile::disk_busy_share,
                                        &MachineProfile::disk_best_bytes_per_s,
                                        &MachineProfile::job_storage_bytes_per_s,
                                        &MachineProfile::page_cache_hit_share,
                                        &MachineProfile::memory_total_bytes,
                                        &MachineProfile::memory_available_bytes,
                                        &MachineProfile::major_faults_per_s,
                                        &MachineProfile::network_receive_bytes_per_s,
                                        &MachineProfile::gpu_busy_share,
                                        &MachineProfile::gpu_pcie_receive_bytes_per_s})
    machine.*field = kNotKnown;
}

// Cores that were stopped, of those and the ones that the limit lets run: where it is used
// up, how much of its time each thread is stopped.
double throttled_share(const SampleRates& rates, const MachineProfile& machine) {
  const double stopped = rates.rate("cpu.throttled") * 1e-9;
  const double allowed =
      std::isnan(machine.cores_allowed) ? machine.cores_online : machine.cores_allowed;
  return allowed > 0 ? stopped / (stopped + allowed) : kNotKnown;
}

void fill_cpu(MachineProfile& machine, const SampleRates& rates) {
  machine.cores_online = rates.mean("cores.online");
  machine.cores_allowed = rates.mean("cores.allowed");
  machine.cores_used_total = (rates.rate("cpu.user") + rates.rate("cpu.system")) * 1e-9;
  if (const double irq = rates.rate("cpu.irq"); !std::isnan(irq))
    machine.cores_used_total += irq * 1e-9;
  machine.cores_used_job = rates.process_cores();
  machine.throttled_share = throttled_share(rates, machine);
  machine.throttled_periods_share = rates.ratio("cpu.throttled_periods", "cpu.periods");
  machine.runnable = rates.mean("run.queue");
}

void fill_pressure(MachineProfile& machine, const SampleRates& rates) {
  machine.psi_cpu_some = rates.rate("psi.cpu.some") * 1e-9;
  machine.psi_io_some = rates.rate("psi.io.some") * 1e-9;
  machine.psi_io_full = rates.rate("psi.io.full") * 1e-9;
  machine.psi_memory_some = rates.rate("psi.memory.some") * 1e-9;
}

// The disk that was busy most; of equally busy ones that which read most.
void fill_disk(MachineProfile& machine, const SampleRates& rates) {
  double most_busy = -1, most_read = -1;
  for (const std::string& disk : rates.names_between("disk.", ".read_bytes")) {
    const std::string column = "disk." + disk;
    const double busy = rates.rate(column + ".busy_ns") * 1e-9;
    const double read = rates.rate(column + ".read_bytes");
    const double busy_known = std::isnan(busy) ? 0 : busy, read_known = std::isnan(read) ? 0 : read;
    if (std::pair(busy_known, read_known) <= std::pair(most_busy, most_read)) continue;
    most_busy = busy_known;
    most_read = read_known;
    machine.disk = disk;
    machine.disk_busy_share = busy;
    machine.disk_read_bytes_per_s = read;
    machine.disk_best_bytes_per_s = rates.best_rate(column + ".read_bytes");
    machine.disk_read_latency_ms = rates.ratio(column + ".read_ns", column + ".reads") * 1e-6;
  }
}

void fill_memory(MachineProfile& machine, const SampleRates& rates) {
  machine.memory_total_bytes = rates.mean("memory.total");
  machine.memory_available_bytes = rates.mean("memory.available");
  machine.major_faults_per_s = rates.rate("page.major_faults");
  machine.network_receive_bytes_per_s = rates.rate("net.receive_bytes");
}

void fill_gpus(MachineProfile& machine, const SampleRates& rates) {
  double busy = 0, pcie = 0;
  int busy_gpus = 0, pcie_gpus = 0;
  for (const std::string& gpu : rates.names_between("gpu.", ".busy")) {
    if (const double value = rates.mean("gpu." + gpu + ".busy"); !std::isnan(value)) {
      busy += value / 100;
      ++busy_gpus;
    }
    if (const double value = rates.mean("gpu." + gpu + ".pcie_rx"); !std::isnan(value)) {
      pcie += value;
      ++pcie_gpus;
    }
  }
  machine.gpus = busy_gpus;
  if (busy_gpus > 0) machine.gpu_busy_share = busy / busy_gpus;
  if (pcie_gpus > 0) machine.gpu_pcie_receive_bytes_per_s = pcie;
}

// Bytes that the loader's read stages delivered, per steady second; those of
// the sampled machine only.
double delivered_bytes_per_s(const Analysis& analysis, const std::string& host) {
  double bytes = 0;
  for (const TrackSums& sums : analysis.sums) {
    if (sums.track->process->host != host) continue;
    for (const auto& [stage, stage_sums] : sums.steady)
      if (facts_of(*sums.track->stages, stage).stage_class == StageClass::kRead)
        bytes += static_cast<double>(stage_sums.bytes);
  }
  const double steady_s = total(analysis.phases.front().steady);
  return steady_s > 0 ? bytes / steady_s : 0;
}

using ProcessLoads = std::map<std::uint32_t, SampleRates::ProcessLoad>;

bool in_processes(const Profile& profile) { return profile.job.worker_kind == "process"; }

// The job used at least so many cores: its consumers' processes, which live all along, and the
// workers' stages, by their CPU readings. Processes that live for an epoch are looked at once or
// twice: what they use before they end is in no look.
double least_cores(const Profile& profile, const Analysis& analysis, const ProcessLoads& loads) {
  std::set<std::uint32_t> consumers;
  for (const LoaderTrack& consumer : analysis.tracks.consumers)
    consumers.insert(consumer.process->header.pid);
  double consumer_cores = 0, stage_s[2] = {0, 0};  // workers', consumers'
  for (const std::uint32_t pid : consumers)
    if (const auto load = loads.find(pid); load != loads.end())
      consumer_cores += load->second.cores;
  for (const StageProfile& stage : profile.stages)
    if (stage.split.known && !stage.residence && std::isfinite(stage.split.cpu_s))
      stage_s[stage.on_consumer || stage.thread == HandoffThread::kPin] += stage.split.cpu_s;
  const double steady_s = total(analysis.phases.front().steady);
  if (!(steady_s > 0)) return 0;
  // Workers that are threads are in the consumers' process.
  return std::max((stage_s[0] + stage_s[1]) / steady_s,
                  consumer_cores + (in_processes(profile) ? stage_s[0] / steady_s : 0));
}

// Of workers that have a process of their own; the latest one at each place.
void fill_worker_processes(Profile& profile, const ProcessLoads& loads) {
  std::map<std::uint32_t, int> workers_of;
  for (const WorkerProfile& worker : profile.workers) ++workers_of[worker.pid];
  if (workers_of.size() != profile.workers.size()) return;
  for (WorkerProfile& worker : profile.workers) {
    const auto load = loads.find(worker.pid);
    if (load == loads.end()) continue;
    worker.process_cores = load->second.cores;
    worker.process_threads = load->second.threads;
  }
}

}  // namespace

void fill_machine(Profile& profile, const Analysis& analysis) {
  MachineProfile& machine = profile.machine;
  forget(machine);
  const auto& processes = analysis.recording.processes();
  if (processes.empty()) return;
  std::set<std::string> hosts;
  for (const ProcessFile& process : processes) hosts.insert(process.host);
  machine.hosts = static_cast<int>(hosts.size());
  machine.host = processes.front().host;
  machine.cpu_model = job_note(analysis.recording, "machine.cpu_model");
  machine.gpu = job_note(analysis.recording, "machine.gpu.0");

  std::size_t index = 0;
  const ProcessFile* sampler = sampling_file(processes, index);
  if (sampler == nullptr) return;
  const SampleRates rates(*sampler, analysis.timeline.axis(index), analysis.phases.front().steady);
  const ProcessLoads loads = rates.process_loads();
  fill_cpu(machine, rates);
  if (machine.hosts == 1 && machine.cores_used_job < machine.cores_used_total)
    machine.cores_used_job = std::clamp(least_cores(profile, analysis, loads),
                                        machine.cores_used_job, machine.cores_used_total);
  fill_pressure(machine, rates);
  fill_disk(machine, rates);
  fill_memory(machine, rates);
  fill_gpus(machine, rates);
  if (in_processes(profile)) fill_worker_processes(profile, loads);
  machine.job_storage_bytes_per_s = rates.process_read_bytes();
  const double delivered = delivered_bytes_per_s(analysis, machine.host);
  if (delivered > 0 && !std::isnan(machine.job_storage_bytes_per_s)) {
    machine.page_cache_hit_share =
        std::clamp(1 - machine.job_storage_bytes_per_s / delivered, 0.0, 1.0);
  }
}

}  // namespace datamon::report
