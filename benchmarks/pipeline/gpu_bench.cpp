// What the GPU operators cost: the fused kernel against the memory's limit, and against the same
// recipe in single operators. Frames of 500x375 that are already on the device, RandomResizedCrop
// of a fixed seed, 224x224 f16.
//
//   bench-gpu [google/benchmark options]
//
// Times are the device's, between events on the stream. Counters: us_image; limit_us_image, what
// reading the crops and writing the samples takes at the memory's nominal rate; GB_s, the rate
// reached. Without a GPU each says so and is skipped.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include "pipeline/gpu/device.h"
#include "pipeline/gpu/kernels.h"
#include "pipeline/ops/crop.h"

namespace {

using namespace datamon::pipeline;
using namespace datamon::pipeline::gpu;

constexpr int kWidth = 500, kHeight = 375, kSize = 224;
constexpr std::size_t kFrame = std::size_t{kWidth} * kHeight * kChannels;
constexpr std::size_t kSample = std::size_t{kSize} * kSize * kChannels;

double peak_bytes_per_s() {
  int clock_kHz = 0, bus_bits = 0;
  check(cudaDeviceGetAttribute(&clock_kHz, cudaDevAttrMemoryClockRate, 0), "say its clock");
  check(cudaDeviceGetAttribute(&bus_bits, cudaDevAttrGlobalMemoryBusWidth, 0), "say its bus");
  return 2e3 * clock_kHz * bus_bits / 8;
}

// A batch of frames with crops, and room for what becomes of them.
struct BatchOnDevice {
  explicit BatchOnDevice(int count)
      : samples(count), frames(kFrame * count + kReadAhead), output(kSample * count * 2) {
    std::vector<std::uint8_t> noise(kFrame * static_cast<std::size_t>(count));
    std::uint32_t value = 1;
    for (std::uint8_t& byte : noise)
      byte = static_cast<std::uint8_t>((value = value * 1664525 + 1013904223) >> 24);
    check(cudaMemcpy(frames.data(), noise.data(), noise.size(), cudaMemcpyHostToDevice), "copy");
    std::size_t words = 0;
    for (int i = 0; i < count; ++i) {
      Random random = Random::for_item(1, 0, static_cast<std::uint64_t>(i));
      const CropBox box = random_resized_crop(kWidth, kHeight, random);
      SampleInput input;
      input.stride = kWidth * kChannels;
      input.pixels = frames.data<std::uint8_t>() + kFrame * static_cast<std::size_t>(i) +
                     box.y * input.stride + box.x * kChannels;
      input.width = box.width;
      input.height = box.height;
      input.flip = random_flip(random);
      inputs.push_back(input);
      flags.push_back(input.flip);
      crop_bytes += static_cast<std::size_t>(box.width) * box.height * kChannels;
      words += weight_words(box.width, box.height, kSize, kSize);
    }
    weights = DeviceBuffer(words * sizeof(std::int32_t));
    tasks = DeviceBuffer(inputs.size() * sizeof(SampleTask));
  }

  SamplePlan place(bool flips) {
    std::vector<SampleInput> chosen = inputs;
    for (SampleInput& input : chosen) input.flip = input.flip && flips;
    std::vector<SampleTask> host(inputs.size());
    const SamplePlan plan = plan_samples(chosen, kSize, kSize, weights.data<std::int32_t>(), host);
    check(cudaMemcpy(tasks.data(), host.data(), tasks.bytes(), cudaMemcpyHostToDevice), "copy");
    return plan;
  }
  void start_weights(const DeviceStream& stream) const {
    check(launch_weights(tasks.data<SampleTask>(), samples, kSize, kSize, stream.get()), "start");
  }

  int samples;
  DeviceBuffer frames, output, weights, tasks;
  std::vector<SampleInput> inputs;
  std::vector<std::uint8_t> flags;
  std::size_t crop_bytes = 0;
};

void count(benchmark::State& state, const BatchOnDevice& batch, double moved_bytes) {
  const double images = static_cast<double>(state.iterations()) * batch.samples;
  state.SetItemsProcessed(static_cast<std::int64_t>(images));
  const auto rate = benchmark::Counter::kIsRate;
  state.counters["us_image"] = benchmark::Counter(
      images * 1e-6, static_cast<benchmark::Counter::Flags>(rate | benchmark::Counter::kInvert));
  state.counters["limit_us_image"] = moved_bytes / batch.samples / peak_bytes_per_s() * 1e6;
  state.counters["GB_s"] =
      benchmark::Counter(moved_bytes * static_cast<double>(state.iterations()) * 1e-9, rate);
}

// Runs `work` for the state's iterations and gives it the device's times.
template <typename Work>
void time_on_device(benchmark::State& state, const DeviceStream& stream, Work work) {
  DeviceEvent begun, done;
  work();
  check(cudaStreamSynchronize(stream.get()), "work");
  for (auto _ : state) {
    begun.record(stream);
    work();
    done.record(stream);
    done.wait();
    state.SetIterationTime(done.ns_since(begun) * 1e-9);
  }
}

void fused(benchmark::State& state) {
  BatchOnDevice batch(static_cast<int>(state.range(0)));
  const DeviceStream stream;
  const SamplePlan plan = batch.place(true);
  const OutputSpec output =
      output_spec(SampleFormat::float16_nchw, kSize, kSize, batch.output.data());
  time_on_device(state, stream, [&] {
    batch.start_weights(stream);
    check(
        launch_transform(batch.tasks.data<SampleTask>(), batch.samples, plan, output, stream.get()),
        "start");
  });
  count(state, batch, static_cast<double>(batch.crop_bytes + kSample * batch.samples * 2));
}

void chain(benchmark::State& state) {
  BatchOnDevice batch(static_cast<int>(state.range(0)));
  const DeviceStream stream;
  const SamplePlan plan = batch.place(false);
  const std::size_t values = kSample * static_cast<std::size_t>(batch.samples);
  const DeviceBuffer resized(values), mirrored(values), normal(values * sizeof(float)),
      flags(batch.flags.size());
  check(cudaMemcpy(flags.data(), batch.flags.data(), flags.bytes(), cudaMemcpyHostToDevice),
        "copy");
  const OutputSpec u8 = output_spec(SampleFormat::uint8_nhwc, kSize, kSize, resized.data());
  const OutputSpec f16 = output_spec(SampleFormat::float16_nchw, kSize, kSize, batch.output.data());
  const FlipWork flip{resized.data<std::uint8_t>(),
                      mirrored.data<std::uint8_t>(),
                      flags.data<std::uint8_t>(),
                      batch.samples,
                      kSize,
                      kSize};
  const NormaliseWork normalise{mirrored.data<std::uint8_t>(),
                                normal.data<float>(),
                                static_cast<std::int64_t>(values / kChannels),
                                {f16.scale[0], f16.scale[1], f16.scale[2]}};
  const ReformatWork reformat{normal.data<float>(), batch.samples, f16};
  time_on_device(state, stream, [&] {
    batch.start_weights(stream);
    check(launch_transform(batch.tasks.data<SampleTask>(), batch.samples, plan, u8, stream.get()),
          "start");
    check(launch_flip(flip, stream.get()), "start");
    check(launch_normalise(normalise, stream.get()), "start");
    check(launch_reformat(reformat, stream.get()), "start");
  });
  count(state, batch, static_cast<double>(batch.crop_bytes + kSample * batch.samples * 2));
}

// Whether there is a GPU to measure; if not, the benchmark is skipped and says why.
bool has_gpu(benchmark::State& state) {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error == cudaSuccess && devices > 0) return true;
  static const std::string reason = std::string("not run, no GPU: ") + cudaGetErrorString(error);
  state.SkipWithError(reason.c_str());
  return false;
}

void fused_f16(benchmark::State& state) {
  if (has_gpu(state)) fused(state);
}
void chain_f16(benchmark::State& state) {
  if (has_gpu(state)) chain(state);
}

BENCHMARK(fused_f16)->Arg(64)->Arg(256)->Arg(1024)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(chain_f16)->Arg(64)->Arg(256)->Arg(1024)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
