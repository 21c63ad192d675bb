// What the profile shows, boiled down to the numbers that the verdict is made
// of. Pure; every value is finite (a reading that the machine does not have is
// an empty optional, never NaN).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "report/diagnosis.h"
#include "report/diagnosis_gpu.h"

namespace datamon::report {

// What a second of a batch maker's time is put down to.
enum class Cost : std::uint8_t { kRead, kDecode, kTransform, kCollate, kHandoff, kUnnamed };
inline constexpr std::size_t kCosts = 6;
using Costs = std::array<double, kCosts>;

StageClass stage_class(Cost cost);  // kFetch for kUnnamed
const char* to_string(Cost cost);   // "read", "unnamed dataset code", ...

// The consumer's steady steps.
struct StepEvidence {
  std::size_t steps = 0;  // that are known one by one
  double steps_each = 0;  // of those, of one consumer
  double all_steps = 0;   // of which stages' sums are
  Interval wait;          // share of the step
  // The same of the steps that are known one by one, where those are not all.
  std::optional<double> single_wait_share;
  Interval transfer;              // share of the step
  double step_s = 0;              // mean step
  double wait_s = 0;              // mean input wait of a step
  double other_share = 0;         // of the step: other loaders' waits and steps
  double handover_s = 0;          // mean wait after the batch was handed over by its worker
  double handover_late_s = 0;     // of handover_s: asleep, while its worker is at work on another
  bool ready_known = false;       // handover_s and out_of_order_share mean something
  double out_of_order_share = 0;  // of the wait: a later batch of the same rank was ready
  bool ids_mismatch = false;      // ready times contradict busy workers: not used
  double handover_leads = 0;      // share of resamples in which handover is most of the wait

  // Neither this loader's nor others'.
  double own_share() const { return std::max(0.0, 1 - wait.value - other_share); }
};

// Batches ahead of each worker where that is not known: PyTorch's default.
inline constexpr int kUsualPrefetch = 2;

// Who makes batches, and what a batch costs them.
struct MakerEvidence {
  bool on_consumer = false;  // no workers: the consumer makes its own batches
  int workers = 0;
  double ahead = 0;                         // batches of a consumer that are made ahead of it
  std::optional<double> busy_share;         // of the workers' time, inside spans
  std::optional<double> work_share;         // the same, but a blocked send (no room) is no work
  std::optional<double> feeder_busy_share;  // of the workers' time, their feeder threads at work
  double feeder_s = 0;                      // those threads at work
  double pin_s = 0;                         // the pin-memory thread at work
  double receive_s = 0;                     // hand-off stages on the consumer's thread
  double receive_asleep_s = 0;              // of that and of the pin-memory thread's
  double run_queue_share = 0;               // of the makers' time
  double consumer_run_queue_share = 0;      // of the consumer's own time, where that is known
  double pin_busy_share = 0;                // of the steady time, the pin-memory thread at work
  double cores_per_worker = 0;              // mean on-CPU share of a worker
  Costs wall{};                             // exclusive seconds
  Costs cpu{};                              // on-CPU part, where the split is known; else wall
  bool split_known = false;                 // ... for most of the work
  Costs asleep{};                           // of wall: blocked, and nothing says that it is reading
  double crowded_share = 0;                 // run queue / (run queue + CPU) of makers' stages
  double moved_to_read_s = 0;               // blocked or faulting time in other stages
  std::string heaviest_part[kCosts];        // the stage with most time of that class
  double heaviest_part_s[kCosts] = {};
  std::vector<Costs> batches;  // resampling rows, in order of time
  std::vector<Costs> batches_cpu;
  std::vector<double> feeder_of_batch_s;
  bool takes_turns = false;          // workers and their feeders are both busy: costs are of both
  std::vector<double> batch_wait_s;  // what the consumer waited for each of them
  int slow_worker = -1;              // index of one that is far slower than the others
  std::uint32_t slow_worker_consumer = 0;  // whom it works for, as Step::consumer
  std::string slow_worker_name;            // "worker 2"; of several ranks: "worker 2 of rank 1"
  double slow_worker_factor = 1;
  double straggler_share = 0;       // of batches: far above the median
  double straggler_wait_share = 0;  // of the input wait: falls on those
  double straggler_work_share = 0;  // work above the median in those batches or items
  int straggler_workers = 0;        // how many workers made them
  bool item_tail = false;           // few items are far slower than the median
  double item_p50_s = 0, item_max_s = 0;

  // Of the work in that class, how much is sleep for no known reason.
  double asleep_share(Cost cost) const {
    const auto k = static_cast<std::size_t>(cost);
    return cost == Cost::kHandoff || !(wall[k] > 0) ? 0 : std::min(1.0, asleep[k] / wall[k]);
  }
};

struct MachineEvidence {
  std::optional<double> cores_allowed, cores_used, cores_job, cores_others, cores_idle;
  bool cores_full = false;      // nothing left to use
  bool own_cores_full = false;  // ... and it is this job that uses them
  bool throttled = false;       // by the cgroup's CPU limit, so much that it matters
  std::optional<double> throttled_share, throttled_periods;  // as MachineProfile has them
  bool storage_busy = false;
  bool from_page_cache = false;  // the reads: the disk cannot be what they wait for
  // What the job's own reads say, where they mostly sleep: they wait for each
  // other (storage is at its limit), by sharing one rate or by their durations, or
  // they do not meet. 0: not known.
  bool reads_queue = false, reads_share = false, reads_scale = false;
  double reads_at_once = 0, reads_growth = 0, reads_active = 0;
  double reads_variance_ratio = 0, reads_bytes_per_s = 0;
  // The disk that delivers what the job reads idles while reads wait.
  bool limit_above_disk = false;
  double reads_waiting = 0;  // share of the time
  double limit_used = 0;     // of what the limit allows
  std::optional<double> disk_busy, io_some, io_full, job_storage_bytes_per_s;
};

struct RunEvidence {
  double start_up_share = 0;        // of the run, until the first steady step
  double epoch_boundary_share = 0;  // of the run
  std::size_t epoch_boundaries = 0;
  double dropped_share = 0;
};

struct Evidence {
  StepEvidence step;
  MakerEvidence makers;
  MachineEvidence machine;
  RunEvidence run;
  GpuEvidence gpu;
};

// A duration that can be reckoned with: what is negative or no number counts as
// nothing, and a sum of them cannot overflow.
inline double sane_seconds(double seconds) {
  return std::isfinite(seconds) ? std::clamp(seconds, 0.0, 1e12) : 0.0;
}

// How often an epoch followed another one, and the time that took in all. Where
// the thread was elsewhere in between, a boundary's phases are two: its wait for
// the end of the one epoch, and for the first batch of the next.
struct EpochBoundaries {
  std::size_t count = 0;
  double total_s = 0;
};
EpochBoundaries epoch_boundaries(const std::vector<Phase>& phases);

Evidence gather_evidence(const Profile& profile);

}  // namespace datamon::report
