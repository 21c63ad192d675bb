// Chrome trace export of a loader's recording of two million spans: the whole
// way from the mapped file to the written text, on one core.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "loader_model.h"
#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_sink.h"

namespace {

using namespace datamon::report;
namespace fs = std::filesystem;

// A recording in a folder of its own that goes with the program.
class Fixture {
 public:
  Fixture() : folder_(fs::temp_directory_path() / ("datamon-bench-" + std::to_string(getpid()))) {
    datamon::testing::LoaderModel model;
    model.workers = 8;
    model.batch_size = 32;
    model.batches = 15'600;
    model.jitter = 0.3;
    model.sample_every = 0;
    datamon::testing::write_loader(folder_ / "recording", model);
    recording_ = std::make_unique<Recording>(Recording::open(folder_ / "recording"));
  }
  ~Fixture() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const Recording& recording() const { return *recording_; }
  fs::path file(const char* name) const { return folder_ / name; }

 private:
  fs::path folder_;
  std::unique_ptr<Recording> recording_;
};

Fixture& fixture() {
  static Fixture only;
  return only;
}

void export_to(benchmark::State& state, const fs::path& path, bool all) {
  TraceOptions options;
  options.all = all;
  const Recording& recording = fixture().recording();  // made outside of the timed loop
  std::uint64_t spans = 0, bytes = 0;
  for (auto _ : state) {
    const auto sink = open_trace_sink({path, true});
    const TraceSummary summary = write_trace(recording, options, *sink);
    spans += summary.slices + summary.left_out;
    bytes += summary.bytes;
  }
  state.counters["spans_per_s"] =
      benchmark::Counter(static_cast<double>(spans), benchmark::Counter::kIsRate);
  state.counters["bytes_per_span"] = static_cast<double>(bytes) / static_cast<double>(spans);
}

void to_null(benchmark::State& state) { export_to(state, "/dev/null", true); }
void to_file(benchmark::State& state) { export_to(state, fixture().file("trace.json"), true); }
void to_gzip(benchmark::State& state) { export_to(state, fixture().file("trace.json.gz"), true); }
void selection(benchmark::State& state) { export_to(state, "/dev/null", false); }

BENCHMARK(to_null)->Unit(benchmark::kMillisecond);
BENCHMARK(to_file)->Unit(benchmark::kMillisecond);
BENCHMARK(to_gzip)->Unit(benchmark::kMillisecond);
BENCHMARK(selection)->Unit(benchmark::kMillisecond);

}  // namespace
