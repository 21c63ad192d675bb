// What NVTX costs beside a span: ranges of the job that become spans, and spans
// with MON_NVTX=1 when no tool listens. CPU time of the thread, in short turns
// that alternate, so that a busy machine disturbs both sides alike; the ratios
// are medians over the turns.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <datamon/monitor.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace {

constexpr long kTurn = 20'000;
using Loop = void (*)(const datamon_api&);

double thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Nanoseconds a round.
double timed(Loop loop, const datamon_api& api) {
  const double from = thread_cpu();
  loop(api);
  return (thread_cpu() - from) / kTurn * 1e9;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void spans(const datamon_api& api) {
  for (long i = 0; i < kTurn; ++i) api.end(api.begin(DATAMON_DECODE));
}

void ranges(const datamon_api&) {
  for (long i = 0; i < kTurn; ++i) {
    nvtxRangePushA("a range of the job");
    nvtxRangePop();
  }
}

// As Python's range_push(f"step {i}") makes them; the text is ready.
void numbered_ranges(const datamon_api&) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 1000; ++i) all.push_back("training batch " + std::to_string(i));
    return all;
  }();
  for (long i = 0; i < kTurn; ++i) {
    nvtxRangePushA(names[static_cast<std::size_t>(i % 1000)].c_str());
    nvtxRangePop();
  }
}

void registered_ranges(const datamon_api&) {
  static const nvtxDomainHandle_t domain = nvtxDomainCreateA("bench");
  static const nvtxStringHandle_t name = nvtxDomainRegisterStringA(domain, "a registered range");
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  event.message.registered = name;
  for (long i = 0; i < kTurn; ++i) {
    nvtxDomainRangePushEx(domain, &event);
    nvtxDomainRangePop(domain);
  }
}

void start_end_ranges(const datamon_api&) {
  for (long i = 0; i < kTurn; ++i) nvtxRangeEnd(nvtxRangeStartA("a range of the job"));
}

const datamon_api* plain_table() {
  void* library = dlopen(DATAMON_LIBRARY, RTLD_NOW);
  const auto attach = reinterpret_cast<const datamon_api* (*)(std::uint32_t)>(
      dlsym(library, "datamon_attach_without_nvtx"));
  return attach(DATAMON_API_VERSION);
}

// The loop's cost beside that of plain spans.
void beside_spans(benchmark::State& state, Loop loop) {
  const datamon_api& plain = *plain_table();
  std::vector<double> ratios, own;
  timed(loop, *datamon_table_);
  while (state.KeepRunningBatch(kTurn)) {
    const double span_ns = timed(spans, plain);
    own.push_back(timed(loop, *datamon_table_));
    ratios.push_back(own.back() / span_ns);
    state.SetIterationTime(own.back() * kTurn * 1e-9);
  }
  state.counters["over_span"] = median(ratios);
  state.counters["median_ns"] = median(own);
}

BENCHMARK_CAPTURE(beside_spans, spans_without_tool, spans)->UseManualTime();
BENCHMARK_CAPTURE(beside_spans, ranges, ranges)->UseManualTime();
BENCHMARK_CAPTURE(beside_spans, numbered_ranges, numbered_ranges)->UseManualTime();
BENCHMARK_CAPTURE(beside_spans, registered_ranges, registered_ranges)->UseManualTime();
BENCHMARK_CAPTURE(beside_spans, start_end_ranges, start_end_ranges)->UseManualTime();

// With MON_NVTX=1, the reader in the tool's place and no tool behind it.
int record_oneself(char** arguments) {
  std::string folder = (std::filesystem::temp_directory_path() / "bench-nvtx-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  unsetenv("MON_NVTX_CHAIN");
  setenv("MON", "1", 1);
  setenv("MON_DIR", folder.c_str(), 1);
  setenv("MON_LIBRARY", DATAMON_LIBRARY, 1);
  setenv("MON_NVTX", "1", 1);
  setenv("NVTX_INJECTION64_PATH", DATAMON_READER, 1);
  setenv("BENCH_NVTX_FOLDER", folder.c_str(), 1);
  execv("/proc/self/exe", arguments);
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  const char* folder = std::getenv("BENCH_NVTX_FOLDER");
  if (folder == nullptr) return record_oneself(arguments);
  if (!datamon::active()) return 1;  // said why
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  return 0;
}
