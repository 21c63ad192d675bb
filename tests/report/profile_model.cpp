#include "profile_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace datamon::testing {
namespace {

using report::StageClass;

std::size_t index(StageClass c) { return static_cast<std::size_t>(c); }

class Simulation {
 public:
  explicit Simulation(const ProfileModel& model) : m_(model), random_(model.seed) {}

  report::Profile run() {
    free_at_.assign(static_cast<std::size_t>(std::max(1, m_.workers)), m_.start_up_s * m_.scale);
    now_ = m_.start_up_s * m_.scale;
    for (int batch = 0; batch < m_.steps; ++batch) step(batch);
    finish();
    return std::move(p_);
  }

 private:
  double vary(double seconds) {
    const double u = static_cast<double>(random_() >> 11) * 0x1p-53;
    return seconds * m_.scale * (1 + m_.jitter * (2 * u - 1));
  }

  // Makes the batch; returns when it is handed over.
  double make(int batch, int worker, double from) {
    const double slow = m_.slowness ? m_.slowness(batch, worker) : 1;
    report::BatchSample sample;
    sample.id = static_cast<std::uint64_t>(batch);
    sample.worker = worker;
    sample.items = static_cast<std::uint32_t>(m_.items);
    const auto add = [&](StageClass c, double cost) {
      sample.self_s[index(c)] = vary(cost) * slow;
    };
    add(StageClass::kRead, m_.cost.read);
    add(StageClass::kDecode, m_.cost.decode);
    add(StageClass::kTransform, m_.cost.transform);
    add(StageClass::kCollate, m_.cost.collate);
    add(StageClass::kHandoff, m_.cost.send);
    add(StageClass::kFetch, m_.cost.other);
    double sum = 0;
    for (std::size_t c = 0; c < report::kStageClasses; ++c) {
      self_[c] += sample.self_s[c];
      sum += sample.self_s[c];
    }
    sample.start_s = from;
    sample.end_s = from + sum;
    if (m_.workers > 0) sample.ready_s = sample.end_s;
    durations_[static_cast<std::size_t>(worker)].push_back(sum);
    p_.batches.push_back(sample);
    return sample.end_s;
  }

  void step(int batch) {
    report::Step step;
    step.start_s = now_;
    step.batch = static_cast<std::uint64_t>(batch);
    step.steady = true;
    if (m_.workers == 0) {
      now_ = make(batch, 0, now_);
      step.ready_s = -1;
    } else {
      const int worker = batch % m_.workers;
      const auto w = static_cast<std::size_t>(worker);
      // An index is sent when the batch `ahead` places before was taken.
      const int ahead = m_.workers * m_.prefetch;
      const double asked = batch < ahead ? 0 : taken_[static_cast<std::size_t>(batch - ahead)];
      const double ready = make(batch, worker, std::max(free_at_[w], asked));
      free_at_[w] = ready;
      step.ready_s = ready;
      now_ = std::max(now_, ready) + vary(m_.receive_s);
      taken_.push_back(now_);
    }
    step.wait_s = now_ - step.start_s;
    step.transfer_s = vary(m_.transfer_s);
    step.compute_s = vary(m_.compute_s) * (m_.longer ? m_.longer(batch) : 1);
    now_ += step.transfer_s + step.compute_s;
    p_.consumer.step.push_back(step);
  }

  void add_stage(const char* name, StageClass c, double self, bool on_consumer, double cpu_share) {
    report::StageProfile stage;
    stage.name = name;
    stage.stage_class = c;
    stage.on_consumer = on_consumer;
    stage.count = static_cast<std::uint64_t>(m_.steps) * static_cast<std::uint64_t>(m_.items);
    stage.wall_s = stage.self_s = self;
    if (self <= 0) return;
    stage.p50_ms = self / static_cast<double>(stage.count) * 1e3;
    stage.p99_ms = 1.5 * stage.p50_ms;
    stage.max_ms = 2 * stage.p50_ms;
    if (c == StageClass::kRead) stage.bytes = stage.count * 90'000;
    if (m_.splits) {
      stage.split.known = true;
      stage.split.measured_share = 0.1;
      stage.split.runqueue_s = cpu_share * self * m_.crowded;
      stage.split.cpu_s = cpu_share * self - stage.split.runqueue_s;
      stage.split.blocked_s = self - stage.split.cpu_s - stage.split.runqueue_s;
      cpu_ += stage.split.cpu_s;
    }
    p_.stages.push_back(stage);
  }

  void finish() {
    const double steady = now_ - m_.start_up_s * m_.scale;
    const bool on_consumer = m_.workers == 0;
    add_stage("fetch", StageClass::kFetch, self_[index(StageClass::kFetch)], on_consumer, 1);
    add_stage("read", StageClass::kRead, self_[index(StageClass::kRead)], on_consumer, 0.1);
    add_stage("decode", StageClass::kDecode, self_[index(StageClass::kDecode)], on_consumer,
              1 - m_.decode_blocked);
    add_stage("transform", StageClass::kTransform, self_[index(StageClass::kTransform)],
              on_consumer, 1);
    add_stage("collate", StageClass::kCollate, self_[index(StageClass::kCollate)], on_consumer, 1);
    add_stage("send", StageClass::kHandoff, self_[index(StageClass::kHandoff)], on_consumer, 1);
    double made = 0;
    for (const auto& stage : p_.stages) made += stage.self_s;
    for (auto& stage : p_.stages) stage.share = made > 0 ? stage.self_s / made : 0;

    auto& consumer = p_.consumer;
    consumer.present = true;
    consumer.steps = consumer.steady_steps = static_cast<std::uint64_t>(m_.steps);
    consumer.steady_s = steady;
    consumer.first_batch_s = m_.start_up_s * m_.scale;
    for (const auto& step : consumer.step) {
      consumer.wait_s += step.wait_s;
      consumer.transfer_s += step.transfer_s;
      consumer.compute_s += step.compute_s;
    }
    if (!on_consumer)
      add_stage("receive", StageClass::kHandoff, m_.receive_s * m_.scale * m_.steps, true, 1);
    double inside_s = 0;
    for (const auto& stage : p_.stages) inside_s += stage.on_consumer ? stage.self_s : 0;
    add_stage("wait", StageClass::kWait, consumer.wait_s, true, 0);
    if (consumer.wait_s > 0) {
      report::StageProfile& wait = p_.stages.back();
      wait.self_s = std::max(0.0, consumer.wait_s - inside_s);
      wait.split.blocked_s = wait.split.known ? wait.self_s : 0;
    }
    add_stage("compute", StageClass::kCompute, consumer.compute_s, true, 1);

    for (int w = 0; w < m_.workers; ++w) {
      report::WorkerProfile worker;
      auto& times = durations_[static_cast<std::size_t>(w)];
      worker.index = w;
      worker.pid = 1000 + static_cast<std::uint32_t>(w);
      worker.alive_s = steady;
      for (const double time : times) worker.busy_s += time;
      worker.batches = times.size();
      worker.items = times.size() * static_cast<std::uint64_t>(m_.items);
      std::sort(times.begin(), times.end());
      if (!times.empty()) worker.batch_p50_ms = times[times.size() / 2] * 1e3;
      p_.workers.push_back(worker);
    }
    for (auto& worker : p_.workers) worker.cpu_s = cpu_ / m_.workers;
    p_.phases = {{report::PhaseKind::kStartUp, 0, m_.start_up_s * m_.scale},
                 {report::PhaseKind::kSteady, m_.start_up_s * m_.scale, now_}};
    machine(steady);
    p_.job.command = "train";
    p_.job.workers = m_.workers;
    p_.job.prefetch = m_.prefetch;
    p_.job.duration_s = now_;
    p_.job.processes = 1 + m_.workers;
    p_.loaders = {0};
    p_.steps_per_s = p_.batches_per_s = m_.steps / steady;
    p_.items_per_s = p_.steps_per_s * m_.items;
    p_.monitor.spans = 10000;
    p_.monitor.busy_s = 10;
    p_.monitor.cost_s = 0.02;
    p_.monitor.cost_share = 0.002;
  }

  void machine(double steady) {
    auto& machine = p_.machine;
    for (double* value :
         {&machine.throttled_share, &machine.throttled_periods_share, &machine.runnable,
          &machine.psi_cpu_some, &machine.psi_io_some, &machine.psi_io_full,
          &machine.psi_memory_some, &machine.disk_read_bytes_per_s, &machine.disk_read_latency_ms,
          &machine.disk_busy_share, &machine.disk_best_bytes_per_s,
          &machine.job_storage_bytes_per_s, &machine.page_cache_hit_share, &machine.gpu_busy_share})
      *value = std::numeric_limits<double>::quiet_NaN();
    machine.cores_online = machine.cores_allowed = m_.cores;
    machine.cores_used_job = std::min(m_.cores - m_.other_programs, cpu_ / steady);
    machine.cores_used_total = machine.cores_used_job + m_.other_programs;
  }

  const ProfileModel& m_;
  std::mt19937_64 random_;
  report::Profile p_;
  double now_ = 0, cpu_ = 0;
  std::array<double, report::kStageClasses> self_{};
  std::vector<double> free_at_, taken_;
  std::vector<double> durations_[256];
};

}  // namespace

report::Profile make_profile(const ProfileModel& model) { return Simulation(model).run(); }

void number_by_epoch(report::Profile& profile, std::uint64_t batches) {
  for (report::Step& step : profile.consumer.step) step.batch %= batches;
  for (report::BatchSample& batch : profile.batches) batch.id %= batches;
}

report::Profile as_ranks(const std::vector<report::Profile>& ranks) {
  report::Profile job = ranks.front();
  job.job.ranks = static_cast<int>(ranks.size());
  for (std::uint32_t r = 1; r < ranks.size(); ++r) {
    const report::Profile& rank = ranks[r];
    auto& to = job.consumer;
    const auto& from = rank.consumer;
    to.steps += from.steps;
    to.steady_steps += from.steady_steps;
    to.steady_s += from.steady_s;
    to.wait_s += from.wait_s;
    to.transfer_s += from.transfer_s;
    to.compute_s += from.compute_s;
    for (report::Step step : from.step) {
      step.consumer = r;
      to.step.push_back(step);
    }
    for (report::BatchSample batch : rank.batches) {
      batch.consumer = r;
      job.batches.push_back(batch);
    }
    for (report::WorkerProfile worker : rank.workers) {
      worker.rank = worker.consumer = r;
      job.workers.push_back(worker);
    }
    for (std::size_t i = 0; i < job.stages.size() && i < rank.stages.size(); ++i) {
      job.stages[i].count += rank.stages[i].count;
      job.stages[i].wall_s += rank.stages[i].wall_s;
      job.stages[i].self_s += rank.stages[i].self_s;
      job.stages[i].split.cpu_s += rank.stages[i].split.cpu_s;
      job.stages[i].split.runqueue_s += rank.stages[i].split.runqueue_s;
      job.stages[i].split.blocked_s += rank.stages[i].split.blocked_s;
    }
    job.machine.cores_used_job += rank.machine.cores_used_job;
    job.machine.cores_used_total += rank.machine.cores_used_job;
    job.batches_per_s += rank.batches_per_s;
    job.items_per_s += rank.items_per_s;
  }
  std::stable_sort(job.consumer.step.begin(), job.consumer.step.end(),
                   [](const auto& a, const auto& b) { return a.start_s < b.start_s; });
  job.steps_per_s = static_cast<double>(job.consumer.steady_steps) / job.consumer.steady_s;
  return job;
}

}  // namespace datamon::testing
