// What the sampler costs: CPU time of one row of this machine, of each source,
// and of one process. `share_ppm` is the share of one core at a row every 100 ms.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "monitor/sampler_metrics.h"
#include "monitor/sampler_processes.h"
#include "system/process_stat.h"

namespace datamon {
namespace {

using system::Scratch;

// CPU time, which a busy machine does not blur, and its share of one core.
void cost_counters(benchmark::State& state) {
  const auto flags = benchmark::Counter::kIsRate | benchmark::Counter::kInvert;
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["cpu_us"] = benchmark::Counter(iterations * 1e-6, flags);
  state.counters["share_ppm"] = benchmark::Counter(iterations * 0.1e-6, flags);
}

void row(benchmark::State& state) {
  const auto scratch = std::make_unique<Scratch>();
  const auto metrics = std::make_unique<monitor::MachineMetrics>("", nullptr, *scratch);
  double values[monitor::kMaxMetrics];
  std::uint64_t now_ns = 1;
  for (auto _ : state) {
    metrics->sample(values, now_ns, {}, *scratch);
    now_ns += 100'000'000;  // as often as in the first minute: limits every 100th row
  }
  state.counters["columns"] = static_cast<double>(metrics->size());
  cost_counters(state);
}

template <typename Reader>
void source(benchmark::State& state, const Reader& reader) {
  const auto scratch = std::make_unique<Scratch>();
  for (auto _ : state) benchmark::DoNotOptimize(reader.read(*scratch));
}

// A folder with headers of this very process, `files` of them.
class Recording {
 public:
  explicit Recording(int files) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "datamon-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return;
    path_ = pattern;
    format::FileHeader header{};
    std::memcpy(header.magic, format::kFileMagic, sizeof header.magic);
    header.version_major = format::kVersionMajor;
    header.byte_order_mark = format::kByteOrderMark;
    header.pid = static_cast<std::uint32_t>(::getpid());
    std::strcpy(header.host, "host");
    for (int file = 0; file < files; ++file) write(file, header);
  }
  ~Recording() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const char* path() const { return path_.c_str(); }

 private:
  void write(int number, const format::FileHeader& header) const {
    const std::string name = path_ + "/host-" + std::to_string(number) + "-1.mon";
    const int file = ::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (::write(file, &header, sizeof header) < 0) std::perror(name.c_str());
    ::close(file);
  }
  std::string path_;
};

void processes(benchmark::State& state) {
  const Recording recording(static_cast<int>(state.range(0)));
  const auto scratch = std::make_unique<Scratch>();
  const auto table = std::make_unique<monitor::ProcessTable>(recording.path(), "host", "");
  table->scan(1, *scratch);
  for (auto _ : state) benchmark::DoNotOptimize(table->sample(1, *scratch));
  state.counters["cpu_us"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * 1e-6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["processes"] = static_cast<double>(table->sampled());
}

void unchanged_folder(benchmark::State& state) {
  const Recording recording(64);
  const auto scratch = std::make_unique<Scratch>();
  const auto table = std::make_unique<monitor::ProcessTable>(recording.path(), "host", "");
  ::sleep(3);  // younger changes are looked at again
  table->scan(1, *scratch);
  for (auto _ : state) table->scan(2, *scratch);
}

BENCHMARK(row)->Unit(benchmark::kMicrosecond);
BENCHMARK(processes)->Arg(1)->Arg(9)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK(unchanged_folder)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(source, cpu_stat, system::CpuStatReader())->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(source, loadavg, system::LoadAverageReader())->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(source, meminfo, system::MemoryInfoReader())->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(source, vmstat, system::VmStatReader())->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(source, pressure, system::PressureReader(system::Path{"/proc/pressure/io"}))
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace datamon
