// The simulation against queues whose answers are known.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "report/diagnosis_bootstrap.h"
#include "report/forecast/simulation.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMany = 200'000;

class RandomTimes {
 public:
  explicit RandomTimes(std::uint64_t seed) : random_(seed) {}
  double uniform() { return (static_cast<double>(random_.next() >> 11) + 0.5) * 0x1p-53; }
  double exponential(double mean) { return -mean * std::log(uniform()); }

 private:
  Random random_;
};

std::vector<StepWork> constant_steps(std::size_t count, double delay_s) {
  return std::vector<StepWork>(count, StepWork{.delay_s = delay_s});
}

// One worker that never stops and takes exponential times makes a Poisson
// stream; a constant consumer behind it is M/D/1.
TEST(Queueing, WaitOfAnMD1Queue) {
  for (const double load : {0.3, 0.6, 0.8}) {
    RandomTimes draw(7);
    const double service_s = 1e-3;
    std::vector<BatchWork> batches(kMany);
    for (BatchWork& batch : batches) batch.delay_s = draw.exponential(service_s / load);
    LoaderSetup setup;
    setup.workers = 1;
    setup.prefetch = 1 << 30;
    setup.turns = 1;
    const SimulatedRun run = simulate(setup, batches, constant_steps(kMany, service_s));
    double wait_s = 0;
    for (std::size_t i = 0; i < kMany; ++i) wait_s += run.taken_s[i] - run.ready_s[i];
    const double known_s = load * service_s / (2 * (1 - load));
    EXPECT_NEAR(wait_s / kMany, known_s, 0.04 * known_s) << load;
  }
}

// The same with a feeder thread as the constant server.
TEST(Queueing, WaitBehindAFeederIsThatOfAnMD1Queue) {
  RandomTimes draw(8);
  const double service_s = 1e-3, load = 0.7;
  std::vector<BatchWork> batches(kMany);
  double made_s = 0;
  std::vector<double> made(kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    batches[i].delay_s = draw.exponential(service_s / load);
    made[i] = made_s += batches[i].delay_s;
  }
  LoaderSetup setup;
  setup.workers = 1;
  setup.prefetch = 1 << 30;
  setup.turns = 1;
  setup.feeder_delay_s = service_s;
  const SimulatedRun run = simulate(setup, batches, constant_steps(kMany, 0));
  double wait_s = 0;
  for (std::size_t i = 0; i < kMany; ++i) wait_s += run.ready_s[i] - service_s - made[i];
  const double known_s = load * service_s / (2 * (1 - load));
  EXPECT_NEAR(wait_s / kMany, known_s, 0.04 * known_s);
}

// A line of two machines with room for B batches between them, B = prefetch: the
// consumer is busy as in M/M/1/K with K = B + 1.
TEST(Queueing, LineOfTwoExponentialMachinesWithAFiniteBuffer) {
  for (const int buffer : {1, 2, 5, 20}) {
    for (const double load : {0.5, 0.9, 1.0, 1.5}) {
      RandomTimes draw(9);
      const double service_s = 1e-3;
      std::vector<BatchWork> batches(kMany);
      std::vector<StepWork> steps(kMany);
      for (std::size_t i = 0; i < kMany; ++i) {
        batches[i].delay_s = draw.exponential(service_s / load);
        steps[i].delay_s = draw.exponential(service_s);
      }
      LoaderSetup setup;
      setup.workers = 1;
      setup.prefetch = buffer;
      setup.turns = 1;
      const double rate = simulate(setup, batches, steps).whole_rate();
      const int places = buffer + 1;
      const double idle =
          load == 1 ? 1.0 / (places + 1) : (1 - load) / (1 - std::pow(load, places + 1));
      EXPECT_NEAR(rate * service_s, 1 - idle, 0.012) << buffer << " " << load;
    }
  }
}

TEST(Queueing, LineOfConstantMachinesRunsAtTheSlowest) {
  for (const double maker_s : {0.5e-3, 1e-3, 2e-3}) {
    const std::vector<BatchWork> batches(2000, BatchWork{.delay_s = maker_s});
    LoaderSetup setup;
    setup.workers = 1;
    setup.prefetch = 1;
    // Room for one batch beside the one that is being made.
    const double rate = simulate(setup, batches, constant_steps(2000, 1e-3)).steady_rate(100);
    EXPECT_NEAR(rate, 1 / std::max(maker_s, 1e-3), 1e-6 * rate) << maker_s;
  }
}

// W workers that sleep for Z and then share c cores: a closed network with a
// product form, so the rate depends on the mean times alone. Mean value analysis
// with load-dependent service gives it.
double closed_network_rate(int workers, int cores, double sleep_s, double cpu_s) {
  std::vector<double> at_cores(static_cast<std::size_t>(workers) + 1, 0.0);
  at_cores[0] = 1;  // probability of j at the cores, with one worker less
  double rate = 0;
  for (int n = 1; n <= workers; ++n) {
    double there_s = 0;
    for (int j = 1; j <= n; ++j)
      there_s += j * cpu_s / std::min(j, cores) * at_cores[static_cast<std::size_t>(j - 1)];
    rate = n / (sleep_s + there_s);
    std::vector<double> next(at_cores.size(), 0.0);
    double sum = 0;
    for (int j = 1; j <= n; ++j) {
      next[static_cast<std::size_t>(j)] =
          rate * cpu_s / std::min(j, cores) * at_cores[static_cast<std::size_t>(j - 1)];
      sum += next[static_cast<std::size_t>(j)];
    }
    next[0] = 1 - sum;
    at_cores = next;
  }
  return rate;
}

TEST(Queueing, CoresSharedByWorkersThatSleepAndCompute) {
  for (const int workers : {1, 2, 4, 8}) {
    for (const int cores : {1, 2, 3}) {
      RandomTimes draw(10);
      std::vector<BatchWork> batches(kMany);
      for (BatchWork& batch : batches) {
        batch.delay_s = draw.exponential(3e-3);
        batch.cpu_s = draw.exponential(1e-3);
      }
      LoaderSetup setup;
      setup.workers = workers;
      setup.prefetch = 1 << 20;  // nobody waits for an order
      setup.cores = cores;
      setup.turns = 1;
      const SimulatedRun run = simulate(setup, batches, constant_steps(kMany, 0));
      const double known = closed_network_rate(workers, cores, 3e-3, 1e-3);
      EXPECT_NEAR(run.whole_rate(), known, 0.015 * known) << workers << " on " << cores;
    }
  }
}

// Processor sharing does not care how the work is distributed: constant and
// heavy-tailed work of one mean give the same rate.
TEST(Queueing, SharedCoresDoNotCareForTheDistribution) {
  RandomTimes draw(11);
  std::vector<BatchWork> batches(kMany);
  for (BatchWork& batch : batches) {
    batch.delay_s = draw.exponential(2e-3);
    batch.cpu_s = draw.uniform() < 0.9 ? 0.5e-3 : 5.5e-3;  // mean 1 ms
  }
  LoaderSetup setup;
  setup.workers = 4;
  setup.prefetch = 1 << 20;
  setup.cores = 2;
  setup.turns = 1;
  const double rate = simulate(setup, batches, constant_steps(kMany, 0)).whole_rate();
  const double known = closed_network_rate(4, 2, 2e-3, 1e-3);
  EXPECT_NEAR(rate, known, 0.02 * known);
}

// A stranger that always wants a core takes its share of them.
TEST(Queueing, OtherProgramsTakeTheirShareOfTheCores) {
  const std::vector<BatchWork> batches(3000, BatchWork{.cpu_s = 1e-3});
  LoaderSetup setup;
  setup.workers = 2;
  setup.cores = 2;
  setup.other_threads = 2;
  const SimulatedRun run = simulate(setup, batches, constant_steps(3000, 0));
  EXPECT_NEAR(run.steady_rate(100), 1000, 1);
  EXPECT_NEAR(run.core_wait_share, 0.5, 1e-3);
}

}  // namespace
}  // namespace datamon::report
