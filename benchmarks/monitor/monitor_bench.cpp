// What a span costs, beside what it cannot do without: two raw timestamps and a
// 24-byte store. Everything is measured in CPU time of the thread, in short
// turns that alternate, so that a busy machine disturbs both sides alike; the
// ratios are medians over the turns.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "span_loops.h"

namespace {

constexpr long kTurn = 20'000;  // spans; below a millisecond
using Loop = void (*)(long);

double thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double timed(Loop loop, long count) {
  const double from = thread_cpu();
  loop(count);
  return thread_cpu() - from;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// A loop of `spans` spans a round, with its ratio to the raw one.
void beside_raw(benchmark::State& state, Loop loop, long spans, bool on) {
  std::vector<double> ratios, raw, own;
  switch_recording(1);
  span_loop(kTurn);  // the thread's track
  switch_recording(on);
  while (state.KeepRunningBatch(kTurn)) {
    raw.push_back(timed(raw_loop, kTurn) / kTurn);
    own.push_back(timed(loop, kTurn / spans) / kTurn);
    ratios.push_back(own.back() / raw.back());
    state.SetIterationTime(own.back() * kTurn);
  }
  switch_recording(1);
  state.counters["over_raw"] = median(ratios);
  state.counters["median_ns"] = median(own) * 1e9;
  state.counters["raw_ns"] = median(raw) * 1e9;
}

void span(benchmark::State& state) { beside_raw(state, span_loop, 1, true); }
void nested(benchmark::State& state) { beside_raw(state, nested_loop, 2, true); }
void item(benchmark::State& state) { beside_raw(state, item_loop, 1, true); }

// A consumer that takes from two loaders in turn: each change of loader.
void loader_change(benchmark::State& state) {
  std::vector<double> own;
  while (state.KeepRunningBatch(kTurn)) {
    own.push_back(timed(loader_loop, kTurn) / kTurn);
    state.SetIterationTime(own.back() * kTurn);
  }
  state.counters["median_ns"] = median(own) * 1e9;
}

// Switched off: the whole round of the loop, an upper bound for the branch.
void off(benchmark::State& state) {
  std::vector<double> own;
  switch_recording(0);
  while (state.KeepRunningBatch(20 * kTurn)) {
    own.push_back(timed(span_loop, 20 * kTurn) / (20 * kTurn));
    state.SetIterationTime(own.back() * 20 * kTurn);
  }
  switch_recording(1);
  state.counters["median_ns"] = median(own) * 1e9;
}

// Eight threads at once against one, CPU time a span.
void eight_threads(benchmark::State& state) {
  constexpr int kThreads = 8;
  std::vector<double> ratios, own;
  while (state.KeepRunningBatch(kTurn)) {
    std::vector<double> each(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&each, t] {
        span_loop(kTurn);
        each[static_cast<std::size_t>(t)] = timed(span_loop, 10 * kTurn) / (10 * kTurn);
      });
    for (std::thread& thread : threads) thread.join();
    double alone = 0;
    std::thread([&alone] {
      span_loop(kTurn);
      alone = timed(span_loop, 10 * kTurn) / (10 * kTurn);
    }).join();
    own.push_back(median(each));
    ratios.push_back(own.back() / alone);
    state.SetIterationTime(own.back() * kTurn);
  }
  state.counters["over_one"] = median(ratios);
  state.counters["median_ns"] = median(own) * 1e9;
}

BENCHMARK(span)->UseManualTime();
BENCHMARK(nested)->UseManualTime();
BENCHMARK(item)->UseManualTime();
BENCHMARK(loader_change)->UseManualTime();
BENCHMARK(off)->UseManualTime();
BENCHMARK(eight_threads)->UseManualTime();

// The header opens the library before main: so the program starts itself once
// more, with a recording of its own.
int record_oneself(char** arguments) {
  std::string folder = (std::filesystem::temp_directory_path() / "bench-monitor-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  setenv("MON", "1", 1);
  setenv("MON_DIR", folder.c_str(), 1);
  setenv("MON_LIBRARY", DATAMON_LIBRARY, 0);
  setenv("BENCH_MONITOR_FOLDER", folder.c_str(), 1);
  execv("/proc/self/exe", arguments);
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  const char* folder = std::getenv("BENCH_MONITOR_FOLDER");
  if (folder == nullptr) return record_oneself(arguments);
  if (!recording()) return 1;  // said why
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  return 0;
}
