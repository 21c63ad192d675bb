#include "report/import/import_stages.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace datamon::report {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(std::max(1.0, rank)) - 1)];
}

}  // namespace

StageProfile stage_of_lengths(std::string name, StageClass stage_class,
                              std::vector<double> lengths_s, double self_s) {
  StageProfile stage;
  stage.name = std::move(name);
  stage.stage_class = stage_class;
  stage.count = lengths_s.size();
  std::sort(lengths_s.begin(), lengths_s.end());
  stage.wall_s = std::accumulate(lengths_s.begin(), lengths_s.end(), 0.0);
  stage.self_s = self_s < 0 ? stage.wall_s : self_s;
  stage.p50_ms = quantile(lengths_s, 0.50) * 1e3;
  stage.p99_ms = quantile(lengths_s, 0.99) * 1e3;
  stage.max_ms = lengths_s.empty() ? 0 : lengths_s.back() * 1e3;
  return stage;
}

void set_shares(std::vector<StageProfile>& stages) {
  double all = 0;
  for (const StageProfile& stage : stages)
    if (makes_batches(stage)) all += stage.self_s;
  for (StageProfile& stage : stages)
    stage.share = all > 0 && makes_batches(stage) ? stage.self_s / all : 0;
}

Profile empty_import() {
  Profile profile;
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  MachineProfile& m = profile.machine;
  m.hosts = 0;
  for (double* value : {&m.cores_online,
                        &m.cores_allowed,
                        &m.cores_used_total,
                        &m.cores_used_job,
                        &m.throttled_share,
                        &m.throttled_periods_share,
                        &m.runnable,
                        &m.psi_cpu_some,
                        &m.psi_io_some,
                        &m.psi_io_full,
                        &m.psi_memory_some,
                        &m.disk_read_bytes_per_s,
                        &m.disk_read_latency_ms,
                        &m.disk_busy_share,
                        &m.job_storage_bytes_per_s,
                        &m.page_cache_hit_share,
                        &m.memory_total_bytes,
                        &m.memory_available_bytes,
                        &m.major_faults_per_s,
                        &m.network_receive_bytes_per_s,
                        &m.gpu_busy_share,
                        &m.gpu_pcie_receive_bytes_per_s})
    *value = kUnknown;
  return profile;
}

}  // namespace datamon::report
