// The profile: what a recording says about one data loader, in plain numbers.
// It holds everything that the diagnosis (and the forecast) may use, and
// nothing of the file format. Times are seconds unless the name says
// otherwise; "steady" is the run without start-up, epoch boundaries and drain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/data_facts.h"
#include "report/gpu_profile.h"
#include "report/import/import_facts.h"
#include "report/probe/probe_profile.h"
#include "report/read_overlap.h"
#include "report/read_sharing.h"
#include "report/recording.h"
#include "report/slow_place.h"
#include "report/stage_class.h"

namespace datamon::report {

// Exclusive wall time, split three ways. The sum is the stage's self time when
// `known`; otherwise no CPU reading was taken and all three are zero.
struct TimeSplit {
  bool known = false;
  double cpu_s = 0;
  double runqueue_s = 0;      // ready to run, waiting for a CPU
  double blocked_s = 0;       // asleep: IO, locks, pipes
  double fault_s = 0;         // part of blocked_s in spans with major page faults: reading
  double measured_share = 0;  // how much of the self time the readings cover; the rest is scaled up
};

// A thread beside the others that only hands batches over: in a worker's process
// (a queue's feeder), or before the consumer (pinning memory).
enum class HandoffThread : std::uint8_t { kNone, kFeeder, kPin };

struct StageProfile {
  std::string name;
  StageClass stage_class = StageClass::kOther;
  bool on_consumer = false;  // ran on the consumer's thread (num_workers = 0, receive, transfer)
  bool residence = false;    // batches lay in a queue: time of nobody, not in any share
  HandoffThread thread = HandoffThread::kNone;  // a hand-off thread's work, beside that of others
  std::uint64_t count = 0;
  double wall_s = 0;  // inclusive
  double self_s = 0;  // exclusive of nested stages; wait, compute: of the steady steps alone
  TimeSplit split;
  std::uint64_t bytes = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;  // of one span, inclusive
  double far_share = 0;                       // of the spans: longer than twice the median
  // Of all self time that goes into making batches (fetch ... hand-off), 0..1.
  // Hand-off on the consumer's or a hand-off thread counts without its blocked
  // time: that is waiting for the batch, not work.
  double share = 0;
};

// The same of a stage: lying in a queue is nobody's work.
inline bool makes_batches(const StageProfile& stage) {
  return makes_batches(stage.stage_class) && !stage.residence;
}

// One place among the workers: threads or processes that took turns at it (an
// epoch each, say) are one worker, named by the latest.
struct WorkerProfile {
  int index = 0;
  std::uint32_t pid = 0, tid = 0;
  std::string name;
  bool has_role = true;    // the job called it a worker; else it is taken for one by what it does
  std::uint32_t rank = 0;  // whose consumer it works for
  std::uint32_t consumer = 0;                       // the same, as Step::consumer
  std::uint64_t items = 0, batches = 0;             // steady
  double alive_s = 0;                               // inside the steady window
  double busy_s = 0;                                // inside spans
  bool has_feeder = false;                          // a thread beside it hands its batches over
  double feeder_busy_s = 0;                         // that thread, inside spans
  double cpu_s = 0, runqueue_s = 0, blocked_s = 0;  // of busy_s
  std::vector<double> self_s;                       // by StageClass
  double batch_p50_ms = 0;                          // time to make one batch
  // Of a worker with a process of its own, all its threads; 0: not known.
  double process_cores = 0, process_threads = 0;
  bool ended_early = false;  // stopped recording without a word long before the consumer did
};

// One turn of the consumer. Kept for the first and latest ones of a long run.
struct Step {
  double start_s = 0;  // since the recording began
  double wait_s = 0;   // input wait, inclusive of work done inside it
  double transfer_s = 0;
  double other_wait_s = 0;           // other loaders': waits, and steps inside of this one
  double compute_s = 0;              // the rest of the step
  std::uint64_t batch = 0;           // id, or kNoId
  std::uint64_t worker_pid_tid = 0;  // who made it, 0 if unknown
  double ready_s = 0;                // when the batch was handed over by its worker; <0 unknown
  std::uint32_t consumer = 0;        // who took it; consumers are numbered in order of rank
  bool steady = false;
};

enum class PhaseKind : std::uint8_t { kStartUp, kSteady, kEpochBoundary, kDrain, kIdle };
struct Phase {
  PhaseKind kind = PhaseKind::kSteady;
  double start_s = 0, end_s = 0;
};

// Sums over the consumers of all ranks; `step` holds the steps of all in order of time.
struct ConsumerProfile {
  bool present = false;
  std::uint64_t steps = 0;  // all
  std::uint64_t steady_steps = 0;
  double steady_s = 0;                               // wall time of the steady steps
  double wait_s = 0, transfer_s = 0, compute_s = 0;  // steady sums
  double other_wait_s = 0;  // steady; other loaders': waits, and steps inside of this one's
  // To the first batch from the recording's start; where the consumer was at
  // another loader first, from when it came to this one.
  double first_batch_s = 0;
  std::vector<Step> step;  // in order; bounded
};

// What one batch cost its worker, from single spans (steady, bounded number):
// the service times that drive resampling and simulation.
struct BatchSample {
  std::uint64_t id = 0;        // starts again with each epoch, and is the same in every rank
  std::uint32_t consumer = 0;  // whom it was made for, as Step::consumer
  int worker = 0;
  double start_s = 0, end_s = 0;
  double self_s[kStageClasses] = {};
  double cpu_s = 0;  // 0 when not read
  // When it was handed over: by the worker's feeder, if it has one; <0: unknown.
  double ready_s = -1;
  double feeder_s = 0;  // the feeder's work for it, beside the worker's
  std::uint32_t items = 0;
};

struct SlowItem {
  double start_s = 0, duration_ms = 0;
  std::uint64_t id = 0, bytes = 0;
  std::uint32_t pid = 0;
  std::string stage, name;
  std::vector<std::pair<std::string, double>> parts_ms;
};

// A data file, of all processes together.
struct FileProfile {
  std::string path;  // the end of a long one
  std::uint64_t uses = 0, reads = 0, file_bytes = 0;
  std::uint64_t bytes_read = 0, bytes_mapped = 0, storage_bytes = 0;
  double read_s = 0, longest_ms = 0;
};

// The data files of the whole run, if the preloaded library saw them.
struct FilesProfile {
  bool present = false;
  std::uint64_t distinct = 0;
  bool distinct_estimated = false;  // more files than have a record; within 2 % mostly
  std::uint64_t uses = 0;           // times that one was opened and then read or mapped
  std::uint64_t reads = 0, bytes_read = 0, bytes_mapped = 0;
  std::uint64_t storage_bytes = 0;  // fetched from storage; the rest came from the page cache
  std::uint64_t slow_reads = 0;     // slower than the page cache delivers
  double read_s = 0, slow_s = 0;
  double distinct_bytes = 0;  // sizes of the different files, together; 0: not all are known
  SlowPlace slow_place;
  std::vector<FileProfile> slowest;  // by read_s; bounded
};

// NaN where the machine does not tell.
struct MachineProfile {
  std::string host, cpu_model;
  int hosts = 1;
  double cores_online = 0, cores_allowed = 0;       // affinity and cgroup limit taken together
  double cores_used_total = 0, cores_used_job = 0;  // steady means
  // By the cgroup's CPU limit: of the time that the job's cores worked or were stopped;
  // of scheduling periods, those with any stop, however short.
  double throttled_share = 0, throttled_periods_share = 0;
  double runnable = 0;  // mean threads running or ready
  double psi_cpu_some = 0, psi_io_some = 0, psi_io_full = 0, psi_memory_some = 0;  // 0..1
  double disk_read_bytes_per_s = 0, disk_read_latency_ms = 0, disk_busy_share = 0;
  double disk_best_bytes_per_s = 0;    // in any second of the run
  std::string disk;                    // the busiest one
  double job_storage_bytes_per_s = 0;  // read from storage by the job (not page cache)
  double page_cache_hit_share = 0;     // of bytes its read stage delivered
  double memory_total_bytes = 0, memory_available_bytes = 0;
  double major_faults_per_s = 0;
  double network_receive_bytes_per_s = 0;
  double gpu_busy_share = 0, gpu_pcie_receive_bytes_per_s = 0;
  std::string gpu;
  int gpus = 0;  // that gpu_busy_share is the mean of
};

struct ReadProfile {
  ReadOverlap overlap;  // of the makers' single reads in steady state
  ReadSharing sharing;
  double blocked_share = 0;  // of their time, where the split is known
  // Of the steady time: a maker sleeps in a read or a major fault; at least.
  double waiting_share = 0;
};

struct MonitorCost {
  std::uint64_t spans = 0, stored_spans = 0, dropped = 0, mismatched_ends = 0;
  double span_cost_ns = 0;
  double cost_s = 0;      // start-up not counted
  double busy_s = 0;      // the job's busy thread time
  double cost_share = 0;  // cost_s of busy_s
  double startup_s = 0;
  std::uint64_t bytes = 0;   // size of the recording
  double sampled_share = 0;  // items with CPU readings
};

struct JobFacts {
  std::string command;    // the root process's
  std::string recording;  // directory
  double started_realtime_s = 0, duration_s = 0;
  int processes = 0, ranks = 1;
  bool still_running = false;
  bool ended_cleanly = false;  // the root process left through exit
  // As noted by the job or its adapter; 0 or "" if unknown.
  int workers = 0, prefetch = 0, batch_size = 0;
  std::string worker_kind;                       // "process", "thread", "" (none)
  std::string start_method;                      // "fork", "spawn", "forkserver"
  std::string dataset;                           // its class
  std::string adapter;                           // what recorded the loader: "torch 2.15.0"
  int persistent_workers = -1, pin_memory = -1;  // 0, 1; -1: unknown
  std::vector<std::pair<std::string, std::string>> notes;
};

struct Profile {
  JobFacts job;
  int loader = 0;  // which data loader this is about
  std::string loader_name;
  std::vector<int> loaders;  // all that the recording has, as loaders_of() orders them
  ConsumerProfile consumer;
  std::vector<StageProfile> stages;           // steady; in pipeline order
  std::vector<StageProfile> start_up_stages;  // outside the steady windows
  std::vector<WorkerProfile> workers;         // by index
  std::vector<Phase> phases;
  std::vector<BatchSample> batches;
  std::vector<SlowItem> slow_items;  // longest first
  FilesProfile files;
  DataFacts data;
  MachineProfile machine;
  ReadProfile reads;
  MonitorCost monitor;
  // Steady. Items and batches of all ranks together; steps of one (the mean).
  double items_per_s = 0, batches_per_s = 0, steps_per_s = 0;
  std::uint64_t items = 0, batch_count = 0;  // whole run
  std::vector<Problem> problems;
  std::optional<ProbeProfile> probe;  // an experiment on the running job
  std::optional<GpuProfile> gpu;      // where it tells what devices did, event by event
  std::optional<ImportFacts> import;  // not a recording but another tool's output
};

// What outputs show as a steady stage's share: on the consumer's thread of its steps,
// elsewhere of the making of batches. Residence is nobody's time.
inline double shown_share(const ConsumerProfile& consumer, const StageProfile& stage) {
  if (stage.residence) return 0;
  return stage.on_consumer && consumer.steady_s > 0 ? stage.self_s / consumer.steady_s
                                                    : stage.share;
}

struct ProfileOptions {
  int loader = -1;  // -1: the first of loaders_of()
};

// Never throws for anything a Recording can hold.
Profile build_profile(const Recording& recording, const ProfileOptions& options = {});

}  // namespace datamon::report
