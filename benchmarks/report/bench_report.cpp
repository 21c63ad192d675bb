// How fast recordings become profiles. The figure that counts: stored spans
// per second and core; next to it what the memory of this machine gives.
//
// The recording holds 4 workers and a consumer with about 22 million spans
// (700 MB) in a folder in memory; it is written once.
#include <benchmark/benchmark.h>
#include <time.h>

#include <filesystem>
#include <memory>
#include <numeric>

#include "loader_model.h"
#include "report/profile.h"
#include "report/recording.h"

namespace {

namespace fs = std::filesystem;
using namespace datamon;

constexpr int kBatches = 84'000;  // x (64 items x 4 spans + 6)

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The recording; gone at exit.
class Sample {
 public:
  Sample() {
    const fs::path memory = "/dev/shm";
    folder_ = (fs::exists(memory) ? memory : fs::temp_directory_path()) /
              ("datamon-bench-" + std::to_string(getpid()));
    testing::LoaderModel model;
    model.workers = 4;
    model.batches = kBatches;
    model.batch_size = 64;
    model.sample_every = 16;
    model.jitter = 0.2;
    model.file.window_shift = 36;  // about a hundred windows, as the monitor has
    model.cores = 0;
    spans_ = testing::write_loader(folder_, model).spans;
  }
  ~Sample() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& folder() const { return folder_; }
  double spans() const { return static_cast<double>(spans_); }

 private:
  fs::path folder_;
  std::uint64_t spans_ = 0;
};

const Sample& sample() {
  static const Sample made;
  return made;
}

void report_rates(benchmark::State& state, double cpu_s) {
  const double spans = sample().spans() * static_cast<double>(state.iterations());
  state.counters["spans_per_cpu_second"] = spans / cpu_s;
  state.counters["bytes_per_cpu_second"] = spans * sizeof(format::SpanRecord) / cpu_s;
}

// From the files to the profile, everything included.
void BM_OpenAndProfile(benchmark::State& state) {
  sample();
  const double before = process_cpu_seconds();
  for (auto _ : state) {
    const report::Recording recording = report::Recording::open(sample().folder());
    benchmark::DoNotOptimize(report::build_profile(recording).items);
  }
  report_rates(state, process_cpu_seconds() - before);
}
BENCHMARK(BM_OpenAndProfile)->Unit(benchmark::kMillisecond)->UseRealTime();

// The profile alone, of an open recording.
void BM_Profile(benchmark::State& state) {
  const report::Recording recording = report::Recording::open(sample().folder());
  const double before = process_cpu_seconds();
  for (auto _ : state) benchmark::DoNotOptimize(report::build_profile(recording).items);
  report_rates(state, process_cpu_seconds() - before);
}
BENCHMARK(BM_Profile)->Unit(benchmark::kMillisecond)->UseRealTime();

// The limit: every span is loaded, and its duration added up.
void BM_SumOfDurations(benchmark::State& state) {
  const report::Recording recording = report::Recording::open(sample().folder());
  const double before = process_cpu_seconds();
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const report::ProcessFile& process : recording.processes())
      for (const report::Track& track : process.tracks)
        for (const auto spans : track.spans)
          for (const format::SpanRecord& span : spans) sum += span.duration;
    benchmark::DoNotOptimize(sum);
  }
  report_rates(state, process_cpu_seconds() - before);
}
BENCHMARK(BM_SumOfDurations)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
