// Recordings of jobs with a GPU whose every moment is known: what the devices waited
// for, and what the verdict makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "datamon/monitor.h"
#include "recording_builder.h"
#include "report/diagnosis.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// In milliseconds of a step.
struct Part {
  double from = 0, to = 0;
};

struct GpuJob {
  int steps = 101;
  double step_ms = 10;
  Part wait{0, 0.1};
  Part transfer;  // what the thread recorded itself
  Part copy;      // on stream 14
  const char* copy_stage = "gpu-copy/to-device-pinned";
  std::vector<Part> kernels;          // on stream 7
  double launched_before_ms = 0.005;  // their start
  Part synchronising;
  bool with_worker = true;
  bool killed = false;
  std::size_t most_stored_spans = SIZE_MAX;
};

struct Tracks {
  TrackBuilder &consumer, &worker, &kernels, &copies, &calls;
};

void write_step(FileBuilder& file, const GpuJob& job, const Tracks& tracks, int i) {
  const double start = 0.1 + i * job.step_ms * 1e-3;
  const auto at = [start](double ms) { return start + ms * 1e-3; };
  const auto number = static_cast<std::uint64_t>(i);
  static std::uint16_t kernel, copy, wait;
  if (i == 0) {
    kernel = file.stage("gpu-kernel", DATAMON_CLASS_GPU);
    copy = file.stage(job.copy_stage, DATAMON_CLASS_GPU);
    wait = file.stage("gpu-wait", DATAMON_CLASS_GPU);
  }
  tracks.consumer.span(kWait, at(job.wait.from), at(job.wait.to), {.id = number});
  tracks.consumer.begin(kCompute, at(job.wait.to));
  if (job.transfer.to > 0)
    tracks.consumer.span(kTransfer, at(job.transfer.from), at(job.transfer.to));
  tracks.consumer.end(at(job.step_ms), {.id = number});
  if (job.with_worker) {  // works for 80 % of a step, and of the wait
    tracks.worker.span(kDecode, at(job.wait.to - 8), at(job.wait.to - 0.02),
                       {.id = number, .split = Split{}});
    tracks.worker.span(kCollate, at(job.wait.to - 0.02), at(job.wait.to - 0.01),
                       {.id = number, .split = Split{}});
  }
  if (job.copy.to > 0)
    tracks.copies.interval(copy, at(job.copy.from), at(job.copy.to),
                           file.ticks(at(job.copy.from - 0.01)), 1'000'000);
  for (const Part& part : job.kernels)
    tracks.kernels.interval(kernel, at(part.from), at(part.to),
                            file.ticks(at(part.from - job.launched_before_ms)));
  if (job.synchronising.to > 0)
    tracks.calls.interval(wait, at(job.synchronising.from), at(job.synchronising.to),
                          format::kNoId);
}

Profile profile_of(const GpuJob& job) {
  FileBuilder file({.is_root = true,
                    .end_state = job.killed ? format::EndState::kOpen : format::EndState::kExited,
                    .most_stored_spans = job.most_stored_spans});
  file.note("loader.workers", "1");
  Tracks tracks{file.track(kConsumer, 0, "main"), file.track(kWorker, 0, "worker 0"),
                file.track(kDeviceRole, 1, "gpu 0 stream 7"),
                file.track(kDeviceRole, 2, "gpu 0 stream 14"),
                file.track(kDeviceCallsRole, 0, "CUDA calls")};
  tracks.calls.record().index = tracks.consumer.record().tid;
  for (int i = 0; i < job.steps; ++i) write_step(file, job, tracks, i);
  const test::TemporaryFolder folder;
  file.write(folder.path());
  Recording recording = Recording::open(folder.path());
  EXPECT_TRUE(recording.problems().empty());
  return build_profile(recording);
}

GpuJob starved() {
  GpuJob job;
  job.wait = {0, 7};
  job.copy = {7.1, 7.2};
  job.kernels = {{7.2, 9.8}};
  job.synchronising = {9, 10};
  return job;
}

GpuJob launch_bound() {
  GpuJob job;
  for (int k = 0; k < 30; ++k) job.kernels.push_back({0.3 + 0.3 * k, 0.35 + 0.3 * k});
  return job;
}

GpuJob transfer_bound() {
  GpuJob job;
  job.copy = {0.2, 4.2};
  job.copy_stage = "gpu-copy/to-device-pageable";
  job.kernels = {{4.3, 9.3}};
  job.synchronising = {4.4, 9.4};
  return job;
}

GpuJob compute_bound() {
  GpuJob job;
  job.copy = {0.2, 3};
  job.kernels = {{0.05, 9.9}};
  job.launched_before_ms = 5;  // the host is ahead by half a step
  job.synchronising = {1, 9.95};
  return job;
}

const GpuDeviceProfile& only_device(const Profile& profile) {
  EXPECT_TRUE(profile.gpu && profile.gpu->devices.size() == 1);
  return profile.gpu->devices.at(0);
}

// Parts of the window are those of a step; its ends may be anywhere in one.
void expect_shares(const Profile& profile, double busy, double data, double host, double copy,
                   double other) {
  const GpuDeviceProfile& device = only_device(profile);
  const double window_s = device.window_s;
  constexpr double kTolerance = 0.004;
  EXPECT_NEAR(device.busy_s / window_s, busy, kTolerance);
  EXPECT_NEAR(device.idle_data_s / window_s, data, kTolerance);
  EXPECT_NEAR(device.idle_host_s / window_s, host, kTolerance);
  EXPECT_NEAR(device.idle_copy_s / window_s, copy, kTolerance);
  EXPECT_NEAR(device.idle_other_s / window_s, other, kTolerance);
  EXPECT_NEAR(device.busy_s + device.idle_data_s + device.idle_host_s + device.idle_copy_s +
                  device.idle_other_s,
              window_s, 1e-6);
}

TEST(Gpu, StarvedOfData) {
  const Profile profile = profile_of(starved());
  expect_shares(profile, 0.26, 0.70, 0.01, 0.01, 0.02);
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound);
  EXPECT_THAT(diagnosis.verdict.why, Contains(HasSubstr("70 % for want of data")));
}

TEST(Gpu, BoundByLaunches) {
  const Profile profile = profile_of(launch_bound());
  expect_shares(profile, 0.15, 0.01, 0.84, 0, 0);
  const auto& launches = only_device(profile).launches;
  ASSERT_TRUE(launches);
  EXPECT_NEAR(launches->kernels_per_step, 30, 0.01);
  EXPECT_NEAR(launches->step_kernel_p50_ms, 1.5, 0.001);
  EXPECT_NEAR(launches->lead_p50_us, 5, 0.1);
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kLaunchBound));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("CUDA graphs"));
  EXPECT_TRUE(diagnosis.remedies.front().at_most);
  EXPECT_THAT(diagnosis.verdict.why, Contains(HasSubstr("after their launch")));
}

TEST(Gpu, BoundByPageableCopies) {
  const Profile profile = profile_of(transfer_bound());
  expect_shares(profile, 0.50, 0.01, 0.08, 0.40, 0.01);
  EXPECT_NEAR(profile.consumer.transfer_s / profile.consumer.steady_s, 0.40, 0.004);
  const CopySums& pageable = only_device(profile).to_device_pageable;
  EXPECT_EQ(pageable.count, 101u);
  EXPECT_EQ(pageable.bytes, 101'000'000u);
  EXPECT_NEAR(pageable.time_s, 0.404, 1e-6);
  EXPECT_EQ(pageable.overlapped_s, 0);
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kTransferBound);
  EXPECT_THAT(diagnosis.verdict.why, Contains(HasSubstr("100 % of their time from pageable")));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("pin_memory=True"));
}

// Pinned already: then it is the overlap that is missing.
TEST(Gpu, BoundByPinnedCopies) {
  GpuJob job = transfer_bound();
  job.copy_stage = "gpu-copy/to-device-pinned";
  const Diagnosis diagnosis = diagnose(profile_of(job));
  EXPECT_EQ(diagnosis.verdict.label, Label::kTransferBound);
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("stream of its own"));
}

TEST(Gpu, BoundByItsOwnWork) {
  const Profile profile = profile_of(compute_bound());
  expect_shares(profile, 0.985, 0.005, 0.005, 0, 0.005);
  EXPECT_NEAR(profile.consumer.transfer_s, 0, 1e-4);  // beside the kernel
  EXPECT_NEAR(only_device(profile).launches->lead_p50_us, 5'000, 1);
  EXPECT_NEAR(profile.gpu->synchronising_s / profile.gpu->steady_s, 0.895, 0.004);
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kLaunchBound)));
  EXPECT_THAT(diagnosis.verdict.why, Contains(HasSubstr("no work of its own")));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("model on the GPU"));
}

// .to(device) from pageable memory returns when the work before it is done as well: the
// thread's own time in it says nothing about copies.
TEST(Gpu, TimeInACallThatCopiesIsNoTransferItself) {
  GpuJob job = compute_bound();
  job.transfer = {0.2, 9.5};
  job.copy = {9.9, 10};
  const Profile with_device = profile_of(job);
  EXPECT_NEAR(with_device.consumer.transfer_s / with_device.consumer.steady_s, 0.01, 0.002);
  EXPECT_EQ(diagnose(with_device).verdict.label, Label::kComputeBound);
}

TEST(Gpu, OnlyWhatWasStoredIsLookedAt) {
  GpuJob job = launch_bound();
  job.steps = 400;
  job.most_stored_spans = 3'000;  // of 12,000 kernels
  const Profile profile = profile_of(job);
  const GpuDeviceProfile& device = only_device(profile);
  EXPECT_LT(device.window_s, 0.3 * profile.gpu->steady_s);
  EXPECT_GT(device.window_s, 0.2 * profile.gpu->steady_s);
  expect_shares(profile, 0.15, 0.01, 0.84, 0, 0);
  EXPECT_EQ(device.kernels, 12'000u);
}

// The last moments of a killed job never came from the driver: they are not idle time.
TEST(Gpu, AKilledJobIsNotIdleAtItsEnd) {
  GpuJob job = compute_bound();
  job.killed = true;
  FileBuilder file({.is_root = true, .end_state = format::EndState::kOpen});
  Tracks tracks{file.track(kConsumer, 0, "main"), file.track(kWorker, 0, "worker 0"),
                file.track(kDeviceRole, 1, "gpu 0 stream 7"),
                file.track(kDeviceRole, 2, "gpu 0 stream 14"),
                file.track(kDeviceCallsRole, 0, "CUDA calls")};
  for (int i = 0; i < 100; ++i) {
    if (i == 50) job.kernels.clear(), job.copy = job.synchronising = {};
    write_step(file, job, tracks, i);
  }
  const test::TemporaryFolder folder;
  file.write(folder.path());
  const Profile profile = build_profile(Recording::open(folder.path()));
  const GpuDeviceProfile& device = only_device(profile);
  EXPECT_NEAR(device.window_s, 0.49, 0.02);
  EXPECT_GT(device.busy_s, 0.97 * device.window_s);
}

TEST(Gpu, RecordingsWithoutADeviceHaveNone) {
  FileBuilder file({.is_root = true});
  TrackBuilder& consumer = file.track(kConsumer, 0, "main");
  for (int i = 0; i < 30; ++i)
    consumer.span(kWait, 0.1 * i, 0.1 * i + 0.05, {.id = static_cast<std::uint64_t>(i)});
  const test::TemporaryFolder folder;
  file.write(folder.path());
  EXPECT_FALSE(build_profile(Recording::open(folder.path())).gpu);
}

// Two streams, three names and kernels without one.
Profile profile_with_names(const std::function<void(FileBuilder&)>& add_notes) {
  FileBuilder file({.is_root = true});
  const std::uint16_t kernel = file.stage("gpu-kernel", DATAMON_CLASS_GPU);
  TrackBuilder& consumer = file.track(kConsumer, 0, "main");
  TrackBuilder& one = file.track(kDeviceRole, 3 << 16 | 1, "gpu 3 stream 7");
  TrackBuilder& two = file.track(kDeviceRole, 3 << 16 | 2, "gpu 3 stream 14");
  add_notes(file);
  for (int i = 0; i < 60; ++i) {
    const double at = 0.01 * i;
    consumer.span(kWait, at, at + 0.001, {.id = static_cast<std::uint64_t>(i)});
    one.interval(kernel, at + 0.001, at + 0.004, format::kNoId, 1);
    one.interval(kernel, at + 0.004, at + 0.005, format::kNoId, 0);
    two.interval(kernel, at + 0.001, at + 0.002, format::kNoId, 2);
    two.interval(kernel, at + 0.002, at + 0.005, format::kNoId, 3);
    two.interval(kernel, at + 0.005, at + 0.006, format::kNoId, 0xffff);
  }
  const test::TemporaryFolder folder;
  file.write(folder.path());
  return build_profile(Recording::open(folder.path()));
}

TEST(Gpu, NamesTheDeviceAndTheKernelsThatTookMost) {
  const Profile profile = profile_with_names([](FileBuilder& file) {
    file.note("cupti.device.3", "NVIDIA H200");
    file.note("cupti.kernel.1", "_ZN2at3addIfEEvv");
    file.note("cupti.kernel.2", "_ZN2at3addIiEEvv");
    file.note("cupti.kernel.3", "gemm");
  });
  const GpuDeviceProfile& device = only_device(profile);
  EXPECT_EQ(device.name, "NVIDIA H200");
  ASSERT_EQ(device.longest_kernels.size(), 3u);
  EXPECT_EQ(device.longest_kernels[0].name, "at::add");
  EXPECT_EQ(device.longest_kernels[0].count, 120u);
  EXPECT_NEAR(device.longest_kernels[0].share, 4 / 9.0, 1e-6);
  EXPECT_EQ(device.longest_kernels[1].name, "gemm");
  EXPECT_NEAR(device.longest_kernels[1].share, 3 / 9.0, 1e-6);
  EXPECT_EQ(device.longest_kernels[2].name, "other kernels");
  EXPECT_NEAR(device.longest_kernels[2].share, 1 / 9.0, 1e-6);
  const std::string text = text_reporter({.width = 120})->render(profile, diagnose(profile));
  EXPECT_THAT(text, HasSubstr("NVIDIA H200 · busy "));
  EXPECT_THAT(text, HasSubstr("kernel time: "));
  EXPECT_THAT(text, HasSubstr("at::add 44 %, gemm 33 %, other kernels 11 %"));
}

// As recordings were before there were names.
TEST(Gpu, WithoutNamesThereAreNone) {
  const Profile profile = profile_of(compute_bound());
  EXPECT_EQ(only_device(profile).name, "");
  EXPECT_TRUE(only_device(profile).longest_kernels.empty());
  const std::string text = text_reporter({})->render(profile, diagnose(profile));
  EXPECT_THAT(text, Not(HasSubstr("kernel time")));
}

TEST(Gpu, HostileNamesAreEscapedAndCut) {
  const std::string evil = "<b onload=\"x\">\x1b[31m\n\xff\x80" + std::string(1 << 20, 'n');
  const Profile profile = profile_with_names([&](FileBuilder& file) {
    file.note("cupti.device.3", evil);
    file.note("cupti.kernel.1", evil);
    file.note("cupti.kernel.2", "_ZN" + evil);
    for (const char* key : {"cupti.kernel.", "cupti.kernel.-1", "cupti.kernel.0", "cupti.kernel.3x",
                            "cupti.kernel.65535", "cupti.kernel.99999999999999999999",
                            "cupti.kernel.4294967295", "cupti.device.4294967295"})
      file.note(key, "nonsense");
  });
  const GpuDeviceProfile& device = only_device(profile);
  EXPECT_LE(device.name.size(), 96u);
  for (const KernelShare& kernel : device.longest_kernels) {
    EXPECT_LE(kernel.name.size(), 120u);
    EXPECT_NE(kernel.name, "nonsense");
  }
  const Diagnosis diagnosis = diagnose(profile);
  const std::string text = text_reporter({})->render(profile, diagnosis);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\xff'), text.npos);
  EXPECT_THAT(text, Not(HasSubstr(std::string(200, 'n'))));
  const std::string json = json_reporter()->render(profile, diagnosis);
  EXPECT_EQ(json.find('\x1b'), json.npos);
  EXPECT_EQ(json.find('\xff'), json.npos);
}

// Times and numbers that no device has: no error, and nothing that is not finite.
TEST(Gpu, NonsenseIsNoError) {
  FileBuilder file({.is_root = true});
  const std::uint16_t kernel = file.stage("gpu-kernel", DATAMON_CLASS_GPU);
  TrackBuilder& consumer = file.track(kConsumer, 0, "main");
  for (int i = 0; i < 60; ++i)
    consumer.span(kWait, 0.01 * i, 0.01 * i + 0.001, {.id = static_cast<std::uint64_t>(i)});
  for (std::uint32_t device = 0; device < 300; ++device) {
    TrackBuilder& track = file.track(kDeviceRole, device << 16 | 1, "odd");
    track.interval(kernel, 0.2, 0.2 + device, 1);
    track.interval(kernel, 0.1, 0.1, UINT64_MAX - 1);
    track.interval(kernel, 1e6, 2e6, 1ull << 63);
  }
  const test::TemporaryFolder folder;
  file.write(folder.path());
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_TRUE(profile.gpu);
  EXPECT_LE(profile.gpu->devices.size(), 16u);
  for (const Fact& fact : diagnose(profile).facts) EXPECT_TRUE(std::isfinite(fact.value));
}

}  // namespace
}  // namespace datamon::report
