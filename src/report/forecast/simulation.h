// A discrete-event simulation of one data loader and its consumer.
//
// Batch k is made by worker k mod W. Each worker has at most `prefetch` batches
// asked of it and not yet taken; taking one asks for another. Batches are taken
// in order. A worker's batch is reading (storage), sleeping (delay) and
// computing (a core), in a few turns of all three; then it is free again, and
// the batch goes through a feeder thread of that worker and through one pinning
// thread, where there is such work. Cores and storage are shared equally among
// those that want them (processor sharing).
//
// Pure and deterministic: the same work gives the same times. Times are seconds.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace datamon::report {

inline constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// What one batch asks of its maker. None is negative; all finite.
struct BatchWork {
  double storage_s = 0, delay_s = 0, cpu_s = 0;
};

// What one step asks of the consumer once the batch is ready.
struct StepWork {
  double receive_delay_s = 0, receive_cpu_s = 0;  // until it is taken
  double delay_s = 0, cpu_s = 0;                  // transfer and compute; CPU by `consumer_threads`
};

struct LoaderSetup {
  int workers = 0;   // 0: the consumer makes its batches, one by one
  int prefetch = 2;  // >= 1
  double cores = kUnlimited;
  // Other programs: threads that always want a core and get as much as each of
  // ours; or groups of them, each with a weight for all its threads as control
  // groups and autogroups have it, whose sum on a core, over ours, this is.
  double other_threads = 0, other_groups = 0;
  double storage_concurrency = kUnlimited;  // requests served at once without slowing each other
  double consumer_threads = 1;              // that compute while the consumer does
  double feeder_cpu_s = 0, feeder_delay_s = 0;  // a batch, in a thread beside each worker
  double pin_cpu_s = 0, pin_delay_s = 0;        // a batch, in one thread before the consumer
  // What a worker has sent is taken from it between two batches only: a thread of
  // its own, which waits for the interpreter, serves it. Without a pinning thread.
  bool serves_between_batches = false;
  std::size_t epoch_steps = 0;        // 0: no boundaries. Else workers stop at each, ...
  double restart_s = 0;               // ... and need this long to start again
  std::vector<double> worker_factor;  // on all work of that worker; missing ones are 1
  int turns = 4;                      // in which a batch reads, sleeps and computes
};

struct SimulatedRun {
  std::vector<double> ready_s;  // of each batch
  std::vector<double> taken_s;
  std::vector<double> end_s;            // of each step
  std::vector<double> boundary_wait_s;  // of each step; > 0 only where an epoch began
  double core_wait_share = 0;           // of the makers' time on or waiting for a core
  double makers_cpu_s = 0;

  // Steps a second without the first `warm_up` and the last `cool_down` ones,
  // epoch boundaries left out.
  double steady_rate(std::size_t warm_up, std::size_t cool_down = 0) const;
  // Steps a second, everything counted.
  double whole_rate() const;
};

// One batch for each step: `batches` and `steps` have the same length, >= 1.
SimulatedRun simulate(const LoaderSetup& setup, std::span<const BatchWork> batches,
                      std::span<const StepWork> steps);

}  // namespace datamon::report
