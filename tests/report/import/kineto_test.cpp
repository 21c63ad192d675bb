// Traces of the PyTorch profiler: real ones of known jobs, and events of a GPU as
// Kineto writes them, with times that make each figure known exactly.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import_files.h"

namespace datamon::testing {
namespace {

using report::Label;
using ::testing::HasSubstr;

report::Verdict verdict(const report::Profile& profile) {
  return report::diagnose_import(profile).verdict;
}

std::string event(std::string_view category, std::string_view name, double from_us, double us,
                  std::string_view more = R"("pid":1,"tid":1)") {
  return fmt::format(R"({{"ph":"X","cat":"{}","name":"{}","ts":{:.3f},"dur":{:.3f},{}}},)",
                     category, name, from_us, us, more);
}

std::string trace(std::string events) {
  if (!events.empty()) events.pop_back();
  return R"({"schemaVersion":1,"deviceProperties":[{"id":0,"name":"GPU"}],"traceEvents":[)" +
         events + "]}";
}

constexpr const char* kNext = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__";
constexpr const char* kOwnNext = "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__";
constexpr const char* kGpu = R"("pid":0,"tid":7,"args":{"device":0,"stream":7})";
constexpr const char* kCopy = R"("pid":0,"tid":7,"args":{"device":0,"bytes":1000000})";

// Steps of 10 ms: 2 ms wait, 1 ms copy, 4 ms kernel, of the rest 1 ms in a call that waits.
std::string gpu_job(int steps) {
  std::string events;
  for (int i = 0; i < steps; ++i) {
    const double t = 1e6 + i * 1e4;
    events += event("user_annotation", fmt::format("ProfilerStep#{}", i), t, 1e4);
    events += event("user_annotation", kNext, t, 2000);
    events += event("gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", t + 2000, 1000, kCopy);
    events += event("kernel", "sgemm", t + 4000, 4000, kGpu);
    events += event("kernel", "other stream", t + 5000, 2000, kGpu);
    events += event("cuda_runtime", "cudaStreamSynchronize", t + 7000, 2000);
  }
  return trace(events);
}

TEST(Kineto, SplitsTheTimeInWhichAGpuIdles) {
  const report::Profile profile = kineto(gpu_job(31));
  ASSERT_TRUE(profile.gpu);
  ASSERT_EQ(profile.gpu->devices.size(), 1u);
  const report::GpuDeviceProfile& gpu = profile.gpu->devices[0];
  EXPECT_EQ(gpu.name, "GPU");
  EXPECT_NEAR(gpu.window_s, 0.300, 1e-9);
  EXPECT_NEAR(gpu.busy_s, 0.120, 1e-9);
  EXPECT_NEAR(gpu.idle_data_s, 0.060, 1e-9);
  EXPECT_NEAR(gpu.idle_copy_s, 0.030, 1e-9);
  EXPECT_NEAR(gpu.idle_other_s, 0.030, 1e-9);
  EXPECT_NEAR(gpu.idle_host_s, 0.060, 1e-9);
  EXPECT_NEAR(profile.gpu->synchronising_s, 0.060, 1e-9);
  EXPECT_EQ(gpu.kernels, 62u);
  EXPECT_EQ(gpu.to_device_pageable.bytes, 31'000'000u);
  EXPECT_EQ(gpu.to_device_pinned.count, 0u);
  EXPECT_DOUBLE_EQ(gpu.to_device_pageable.overlapped_s, 0);
  EXPECT_EQ(profile.consumer.steady_steps, 30u);
  EXPECT_NEAR(profile.consumer.transfer_s, 0.030, 1e-9);
  EXPECT_NEAR(verdict(profile).input_wait_share.value, 0.2, 1e-9);
}

TEST(Kineto, NamesTheKernelsThatTookMost) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = 1e6 + i * 1e4;
    events += event("user_annotation", kNext, t, 2000);
    events += event("gpu_memset", "Memset (Device)", t + 2000, 1000, kGpu);
    events += event("kernel", "void at::native::reduce_kernel<512, 1>(int)", t + 3000, 2000, kGpu);
    events += event("kernel", "void at::native::reduce_kernel<128, 4>(int)", t + 5000, 1000, kGpu);
    events += event("kernel", "ampere_sgemm_128x64_nn", t + 6000, 900, kGpu);
    events += event("kernel", "short", t + 7000, 60, kGpu);
    events += event("kernel", "shorter", t + 8000, 40, kGpu);
  }
  const report::Profile profile = kineto(trace(events));
  ASSERT_TRUE(profile.gpu);
  const auto& kernels = profile.gpu->devices.at(0).longest_kernels;
  ASSERT_EQ(kernels.size(), 3u);
  EXPECT_EQ(kernels[0].name, "at::native::reduce_kernel");
  EXPECT_EQ(kernels[0].count, 62u);
  EXPECT_NEAR(kernels[0].share, 0.75, 1e-9);
  EXPECT_EQ(kernels[1].name, "ampere_sgemm_128x64_nn");
  EXPECT_NEAR(kernels[1].time_s, 31 * 900e-6, 1e-9);
  EXPECT_EQ(kernels[2].name, "short");
}

TEST(Kineto, CopiesBesideKernelsHoldNothingUp) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = i * 1e4;
    events += event("user_annotation", kNext, t, 100);
    events += event("kernel", "k", t + 200, 9700, kGpu);
    events += event("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", t + 1000, 5000, kCopy);
  }
  const report::Profile profile = kineto(trace(events));
  EXPECT_EQ(profile.consumer.transfer_s, 0);
  const report::CopySums& pinned = profile.gpu->devices[0].to_device_pinned;
  EXPECT_NEAR(pinned.overlapped_s, pinned.time_s, 1e-9);
  EXPECT_EQ(verdict(profile).label, Label::kComputeBound);
}

TEST(Kineto, ExposedCopiesAreTransferBound) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = i * 1e4;
    events += event("user_annotation", kNext, t, 100);
    events += event("gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", t + 200, 4000, kCopy);
    events += event("kernel", "k", t + 4300, 5000, kGpu);
  }
  EXPECT_EQ(verdict(kineto(trace(events))).label, Label::kTransferBound);
}

// Kernels of 50 us, each 300 us after the other, and no call that waits for them.
TEST(Kineto, GapsBetweenShortKernelsAreLaunchBound) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = i * 1e4;
    events += event("user_annotation", kNext, t, 100);
    for (int k = 0; k < 30; ++k) events += event("kernel", "k", t + 300 + 300 * k, 50, kGpu);
  }
  const report::Diagnosis diagnosis = report::diagnose_import(kineto(trace(events)));
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_THAT(diagnosis.verdict.qualifiers, ::testing::Contains(report::Qualifier::kLaunchBound));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("CUDA graphs"));
}

TEST(Kineto, ABusyGpuIsToldFromABusyHost) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = i * 1e4;
    events += event("user_annotation", kNext, t, 100);
    events += event("kernel", "k", t + 50, 9900, kGpu);
    events += event("cuda_runtime", "cudaStreamSynchronize", t + 1000, 8900);
  }
  const report::Diagnosis diagnosis = report::diagnose_import(kineto(trace(events)));
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_TRUE(diagnosis.verdict.qualifiers.empty());
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("model on the GPU"));
  EXPECT_THAT(diagnosis.verdict.why, ::testing::Contains(HasSubstr("no work of its own")));
}

TEST(Kineto, UnderstandsOldVersions) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = 1.6e15 + i * 1e4;
    events += event("Operator", kOwnNext, t, 6000, R"("pid":13,"tid":"456")");
    events += event("Operator", "image::decode_jpeg", t, 4000, R"("pid":13,"tid":"456")");
    events += event("Kernel", "k", t + 7000, 1000, R"("pid":0,"tid":"stream 7")");
    events += event("Memcpy", "Memcpy DtoH (Device -> Pageable)", t + 8000, 10,
                    R"("pid":0,"tid":"stream 7","args":{"stream":7})");
  }
  const report::Profile profile = kineto("[" + events.substr(0, events.size() - 1) + "]");
  EXPECT_EQ(verdict(profile).label, Label::kDecodeBound);
  ASSERT_TRUE(profile.gpu);
  EXPECT_NEAR(profile.gpu->devices[0].busy_s, 29e-3, 1e-6);
}

TEST(Kineto, SplitsNestedWorkOfALoaderWithoutWorkers) {
  std::string events;
  for (int i = 0; i < 31; ++i) {
    const double t = i * 1e4;
    // Children first: older versions write a range after what it holds.
    events += event("cpu_op", "image::decode_jpeg", t + 100, 4000);
    events += event("cpu_op", "aten::div", t + 4200, 1000);
    events += event("cpu_op", "aten::div_inner", t + 4300, 500);
    events += event("cpu_op", "aten::stack", t + 6000, 500);
    events += event("user_annotation", kOwnNext, t, 7000);
    events += event("cpu_op", "aten::mm", t + 8000, 1000);  // the step's own
  }
  const report::Profile profile = kineto(trace(events));
  ASSERT_NE(stage(profile, "transform"), nullptr);
  EXPECT_NEAR(stage(profile, "decode")->self_s, 29 * 4e-3, 1e-9);
  EXPECT_NEAR(stage(profile, "transform")->self_s, 29 * 1e-3, 1e-9);
  EXPECT_EQ(stage(profile, "transform")->count, 29u);  // an operator inside itself is one
  EXPECT_NEAR(stage(profile, "collate")->self_s, 29 * 0.5e-3, 1e-9);
  EXPECT_NEAR(stage(profile, "fetch")->self_s, 29 * 1.5e-3, 1e-9);
  EXPECT_EQ(verdict(profile).label, Label::kDecodeBound);
}

TEST(Kineto, TellsTheEndOfAnEpoch) {
  std::string events;
  double t = 0;
  for (int i = 0; i < 60; ++i) {
    const bool end = i % 20 == 19;
    events += event("user_annotation", kNext, t, 200);
    if (!end) events += event("user_annotation", "Optimizer.step#SGD.step", t + 5000, 100);
    t += end ? 1e6 : 6000;
  }
  const report::Profile profile = kineto(trace(events));
  EXPECT_NEAR(profile.consumer.steady_s / static_cast<double>(profile.consumer.steady_steps), 6e-3,
              1e-6);
}

TEST(Kineto, WithoutALoaderThereIsNoVerdict) {
  std::string events;
  for (int i = 0; i < 40; ++i) {
    events += event("user_annotation", fmt::format("ProfilerStep#{}", i), i * 1e4, 9e3);
    events += event("kernel", "k", i * 1e4, 5e3, kGpu);
  }
  const report::Profile profile = kineto(trace(events));
  const report::Diagnosis diagnosis = report::diagnose_import(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(diagnosis.remedies[0].change, HasSubstr("DataLoader"));
  EXPECT_FALSE(profile.gpu->causes_known);
}

struct Real {
  const char* file;
  Label label;
  double low, high;  // of the input wait's share
};

class RealTraces : public ::testing::TestWithParam<Real> {};

TEST_P(RealTraces, AreUnderstood) {
  const report::Profile profile = report::import_kineto(golden(GetParam().file));
  const report::Verdict found = verdict(profile);
  EXPECT_STREQ(report::to_string(found.label), report::to_string(GetParam().label));
  EXPECT_GT(found.input_wait_share.value, GetParam().low);
  EXPECT_LT(found.input_wait_share.value, GetParam().high);
  EXPECT_TRUE(profile.problems.empty());
  EXPECT_FALSE(profile.import->missing.empty());
  ASSERT_NE(stage(profile, "compute/optimizer"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Kineto, RealTraces,
    ::testing::Values(Real{"starved-0-workers.json.gz", Label::kDecodeBound, 0.5, 0.9},
                      Real{"stacks-0-workers.json.gz", Label::kDecodeBound, 0.4, 0.9},
                      Real{"unnamed-0-workers.json.gz", Label::kInsufficientData, 0.5, 0.9},
                      Real{"starved-2-workers.json.gz", Label::kInsufficientData, 0.5, 0.9},
                      Real{"computing-2-workers.json.gz", Label::kComputeBound, 0.0, 0.1}));

}  // namespace
}  // namespace datamon::testing
