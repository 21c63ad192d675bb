// What must hold for every loader: no resource does more than it can, and what
// helps in theory helps in the simulation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "draw.h"
#include "report/forecast/bounds.h"
#include "report/forecast/simulation.h"

namespace datamon::report {
namespace {

using testing::Draw;

struct Loader {
  LoaderSetup setup;
  std::vector<BatchWork> batches;
  std::vector<StepWork> steps;

  SimulatedRun run() const { return simulate(setup, batches, steps); }
  double rate() const { return run().whole_rate(); }
};

// Loaders of all kinds. `alone`: nobody waits for a core or for storage.
Loader random_loader(std::uint64_t seed, bool alone) {
  Draw draw(seed);
  Loader loader;
  LoaderSetup& setup = loader.setup;
  setup.workers = draw.whole(alone ? 1 : 0, 12);
  setup.prefetch = draw.whole(1, 5);
  setup.turns = draw.whole(1, 6);
  if (!alone) {
    if (!draw.one_in(4)) setup.cores = draw.spread(0.3, 16);
    if (draw.one_in(3)) setup.other_threads = draw.spread(0.1, 10);
    if (draw.one_in(3)) setup.storage_concurrency = draw.spread(0.5, 8);
    if (draw.one_in(4)) setup.consumer_threads = draw.spread(1, 8);
    if (draw.one_in(3)) setup.worker_factor = {1, draw.spread(1, 4)};
  }
  if (draw.one_in(3)) setup.feeder_cpu_s = draw.spread(1e-5, 5e-3);
  if (draw.one_in(3)) setup.feeder_delay_s = draw.spread(1e-5, 5e-3);
  // The pin thread takes batches as they come: one that is made earlier may then
  // be in the way of another.
  if (!alone && draw.one_in(4)) setup.pin_cpu_s = draw.spread(1e-5, 5e-3);
  if (draw.one_in(4)) {
    setup.epoch_steps = static_cast<std::size_t>(draw.whole(1, 60));
    setup.restart_s = draw.spread(1e-4, 0.1);
  }
  const double storage_s = draw.spread(1e-5, 2e-2), cpu_s = draw.spread(1e-5, 2e-2);
  const double delay_s = draw.one_in(2) ? draw.spread(1e-5, 1e-2) : 0;
  const double step_s = draw.spread(1e-5, 2e-2), step_cpu = draw.uniform(0, 1);
  const double tail = draw.uniform(0, 2);
  const int count = draw.whole(1, 150);
  for (int i = 0; i < count; ++i) {
    const double factor = std::exp(tail * draw.uniform(-1, 1));
    loader.batches.push_back({storage_s * factor, delay_s * factor, cpu_s * factor});
    const double own_s = step_s * std::exp(tail * draw.uniform(-1, 1));
    loader.steps.push_back({.receive_delay_s = draw.uniform(0, 1e-4),
                            .receive_cpu_s = draw.uniform(0, 1e-4),
                            .delay_s = own_s * (1 - step_cpu),
                            .cpu_s = own_s * step_cpu});
  }
  return loader;
}

constexpr double kRounding = 1 + 1e-9;

TEST(SimulationProperty, NeverFasterThanItsBounds) {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const Loader loader = random_loader(seed, false);
    const Bounds bounds = bounds_of(loader.setup, loader.batches, loader.steps);
    ASSERT_LE(loader.rate(), bounds.least() * kRounding) << seed << " " << bounds.limit();
  }
}

TEST(SimulationProperty, EveryBatchIsMadeTakenAndUsedInOrder) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Loader loader = random_loader(seed, false);
    const SimulatedRun run = loader.run();
    ASSERT_EQ(run.end_s.size(), loader.batches.size());
    double before_s = 0;
    for (std::size_t i = 0; i < run.end_s.size(); ++i) {
      ASSERT_GE(run.ready_s[i], 0) << seed;
      ASSERT_GE(run.taken_s[i], run.ready_s[i]) << seed;
      ASSERT_GE(run.taken_s[i], before_s) << seed;
      ASSERT_GE(run.end_s[i], run.taken_s[i]) << seed;
      before_s = run.end_s[i];
    }
    // Not more than asked for is made ahead.
    const std::size_t ahead =
        static_cast<std::size_t>(loader.setup.workers * loader.setup.prefetch);
    for (std::size_t i = ahead; loader.setup.workers > 0 && i < run.end_s.size(); ++i)
      ASSERT_GE(run.ready_s[i], run.taken_s[i - ahead]) << seed;
  }
}

TEST(SimulationProperty, TheSameEachTime) {
  const Loader loader = random_loader(5, false);
  EXPECT_EQ(loader.run().end_s, loader.run().end_s);
}

// Where nobody waits for a core, times are sums and maxima of the work.
TEST(SimulationProperty, ShorterWorkNeverHurts) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Loader loader = random_loader(seed, true);
    const double before = loader.rate();
    Draw draw(seed + 1);
    for (BatchWork& batch : loader.batches) batch.cpu_s *= draw.uniform(0, 1);
    ASSERT_GE(loader.rate() * kRounding, before) << seed;
    for (StepWork& step : loader.steps) step.delay_s *= draw.uniform(0, 1);
    ASSERT_GE(loader.rate() * kRounding, before) << seed;
  }
}

TEST(SimulationProperty, DeeperPrefetchNeverHurts) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Loader loader = random_loader(seed, true);
    const double before = loader.rate();
    ++loader.setup.prefetch;
    ASSERT_GE(loader.rate() * kRounding, before) << seed;
  }
}

// In single series a longer batch may fall to a worker at a worse moment; with
// batches that are all alike it cannot.
TEST(SimulationProperty, MoreWorkersNeverHurtWithCoresToSpare) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Loader loader = random_loader(seed, true);
    std::fill(loader.batches.begin(), loader.batches.end(), loader.batches.front());
    const double before = loader.rate();
    ++loader.setup.workers;
    ASSERT_GE(loader.rate() * kRounding, before) << seed;
  }
}

TEST(SimulationProperty, MoreCoresNeverHurtConstantWork) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Loader loader = random_loader(seed, true);
    loader.setup.workers = 1;
    loader.setup.cores = 0.5;
    const double before = loader.rate();
    loader.setup.cores = 4;
    ASSERT_GE(loader.rate() * kRounding, before) << seed;
  }
}

Loader constant_loader(int workers, BatchWork batch, StepWork step) {
  Loader loader;
  loader.setup.workers = workers;
  loader.setup.prefetch = 4;
  loader.batches.assign(4000, batch);
  loader.steps.assign(4000, step);
  return loader;
}

TEST(SimulationProperty, ReachesTheBoundOfTheOnlyScarceResource) {
  const auto near = [](const Loader& loader, double bound, const char* limit) {
    EXPECT_NEAR(loader.run().steady_rate(500), bound, 0.01 * bound) << limit;
    const Bounds bounds = bounds_of(loader.setup, loader.batches, loader.steps);
    EXPECT_NEAR(bounds.least(), bound, 1e-3 * bound) << limit;
    EXPECT_STREQ(bounds.limit(), limit);
  };
  near(constant_loader(4, {.cpu_s = 1e-3}, {.delay_s = 1e-2}), 100, "consumer");
  near(constant_loader(4, {.cpu_s = 1e-2}, {.delay_s = 1e-4}), 400, "workers");
  Loader cores = constant_loader(8, {.cpu_s = 1e-2}, {.delay_s = 1e-4});
  cores.setup.cores = 2;
  near(cores, 200, "cores");
  Loader storage = constant_loader(8, {.storage_s = 1e-2}, {.delay_s = 1e-4});
  storage.setup.storage_concurrency = 3;
  near(storage, 300, "storage");
  Loader hand_off = constant_loader(8, {.cpu_s = 1e-3}, {.delay_s = 1e-4});
  hand_off.setup.pin_cpu_s = 2e-3;
  near(hand_off, 500, "hand-off");
  // Without workers the two take turns.
  near(constant_loader(0, {.cpu_s = 6e-3}, {.delay_s = 4e-3}), 100, "consumer");
}

TEST(SimulationProperty, NoWorkAtAllEnds) {
  for (const int workers : {0, 1, 5}) {
    Loader loader = constant_loader(workers, {}, {});
    loader.batches.resize(100'000);
    loader.steps.resize(100'000);
    EXPECT_EQ(loader.run().end_s.back(), 0);
  }
}

TEST(SimulationProperty, WorkersThatStartAgainCostTheirStartAtEachEpoch) {
  Loader loader = constant_loader(2, {.cpu_s = 1e-3}, {.delay_s = 1e-3});
  loader.setup.epoch_steps = 100;
  const double kept = 4000 / loader.rate();
  loader.setup.restart_s = 0.5;
  EXPECT_NEAR(4000 / loader.rate() - kept, 39 * 0.5, 1e-6);
  // That is no part of the steady rate.
  EXPECT_NEAR(loader.run().steady_rate(100), 1000, 15);
}

}  // namespace
}  // namespace datamon::report
