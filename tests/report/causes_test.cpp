// The cause of a bottleneck is named where the recording shows it, and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "advice.h"
#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/forecast/candidates.h"

namespace datamon::report {
namespace {

using testing::advice;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;

Profile bound_by(double testing::BatchCost::*stage, double seconds = 12e-3) {
  ProfileModel model;
  model.cost.*stage = seconds;
  return make_profile(model);
}

const Remedy* find(const Diagnosis& diagnosis, const char* change) {
  for (const Remedy& remedy : diagnosis.remedies)
    if (remedy.change.find(change) != std::string::npos) return &remedy;
  return nullptr;
}

// --- reading

TEST(Cause, OneSlowMount) {
  std::vector<PlaceReads> files;
  for (int i = 0; i < 20; ++i) {
    files.push_back({"/data/a/" + std::to_string(i), 1e5, 1e-3});
    files.push_back({"/mnt/nfs/b/" + std::to_string(i), 1e5, 8e-3});
  }
  const SlowPlace place = slow_place(files);
  EXPECT_EQ(place.path, "/mnt/");  // the highest one
  EXPECT_NEAR(place.factor, 8, 1e-9);
  EXPECT_NEAR(place.read_share, 8.0 / 9, 1e-9);

  Profile profile = bound_by(&testing::BatchCost::read);
  EXPECT_THAT(advice(profile), Not(HasSubstr("move or copy")));
  profile.files.present = true;
  profile.files.slow_place = place;
  EXPECT_THAT(advice(profile), HasSubstr("move or copy /mnt/ to where the rest lies"));
  const Diagnosis diagnosis = diagnose(profile);
  // What is left is as fast as the rest: 2/9 of the time.
  EXPECT_NEAR(find(diagnosis, "move or copy")->simulated_as.front().value, 9.0 / 2, 1e-6);
}

TEST(Cause, OneSlowFileAmongMany) {
  std::vector<PlaceReads> files;
  for (int i = 0; i < 50; ++i) files.push_back({"/d/" + std::to_string(i), 1e5, 1e-3});
  EXPECT_EQ(slow_place(files).path, "");
  files[7].read_s = 30e-3;
  EXPECT_EQ(slow_place(files).path, "/d/7");
  for (PlaceReads& file : files) file.read_s = 30e-3;  // all are
  EXPECT_EQ(slow_place(files).path, "");
}

TEST(Cause, LargerFilesAreNotSlowOnes) {
  std::vector<PlaceReads> files;
  for (int i = 0; i < 50; ++i)
    files.push_back({(i < 10 ? "/large/" : "/small/") + std::to_string(i), i < 10 ? 1e7 : 1e5,
                     i < 10 ? 100e-3 : 1e-3});
  EXPECT_EQ(slow_place(files).path, "");
}

TEST(Cause, FilesFetchedFromStorageAgain) {
  Profile profile = bound_by(&testing::BatchCost::read);
  profile.files.present = true;
  profile.files.distinct = 1000;
  profile.files.distinct_bytes = 100e6;
  profile.files.storage_bytes = 100'000'000;
  EXPECT_THAT(advice(profile), Not(HasSubstr("each byte")));
  profile.files.storage_bytes = 420'000'000;
  EXPECT_THAT(advice(profile), HasSubstr("each byte 4.2 times"));
  profile.files.distinct_bytes = 0;  // not all files are known
  EXPECT_THAT(advice(profile), Not(HasSubstr("each byte")));
}

TEST(Cause, FilesReadTwice) {
  Profile profile = bound_by(&testing::BatchCost::read);
  profile.files.present = true;
  profile.files.slowest = {{.path = "/d/a", .uses = 10, .file_bytes = 1000, .bytes_read = 10'000}};
  EXPECT_THAT(advice(profile), Not(HasSubstr("read each file once")));
  profile.files.slowest.front().bytes_read = 20'000;
  EXPECT_THAT(advice(profile), HasSubstr("each opening reads its file 2.0x over"));
}

TEST(Cause, LatencyNotBandwidth) {
  Profile profile = bound_by(&testing::BatchCost::read);
  profile.machine.disk = "nvme0n1";
  profile.machine.disk_read_bytes_per_s = 20e6;
  profile.machine.disk_best_bytes_per_s = 400e6;
  profile.machine.disk_read_latency_ms = 4;
  profile.machine.job_storage_bytes_per_s = 20e6;
  profile.machine.page_cache_hit_share = 0.1;
  EXPECT_THAT(advice(profile), HasSubstr("the page cache is cold: only 10 %"));
  profile.machine.cores_used_total = profile.machine.cores_allowed;  // no room for more workers
  EXPECT_THAT(advice(profile), HasSubstr("latency, not bandwidth, is the limit"));
  profile.machine.disk_best_bytes_per_s = 21e6;
  EXPECT_THAT(advice(profile), Not(HasSubstr("latency, not bandwidth")));
}

// Reads wait for what their disk delivers while it idles.
TEST(Cause, LimitAboveTheDisk) {
  Profile profile = bound_by(&testing::BatchCost::read);
  profile.machine.disk = "nvme0n1";
  profile.machine.disk_busy_share = 0.02;
  profile.machine.disk_read_bytes_per_s = 3e6 * profile.items_per_s;
  profile.machine.job_storage_bytes_per_s = 3e6 * profile.items_per_s;
  profile.reads.waiting_share = 0.95;
  EXPECT_THAT(advice(profile), HasSubstr("raise the limit of the control group (io.max)"));
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Contains(Qualifier::kStorageSaturated));
  Profile busy = profile;  // the disk itself
  busy.machine.disk_busy_share = 0.7;
  EXPECT_THAT(advice(busy), Not(HasSubstr("io.max")));
  Profile elsewhere = profile;  // a network's bytes, beside a disk that does nothing
  elsewhere.machine.disk_read_bytes_per_s = 1e3;
  EXPECT_THAT(advice(elsewhere), Not(HasSubstr("io.max")));
  Profile cached = profile;
  cached.machine.job_storage_bytes_per_s = 0;
  EXPECT_THAT(advice(cached), Not(HasSubstr("io.max")));
  Profile rarely = profile;
  rarely.reads.waiting_share = 0.6;
  EXPECT_THAT(advice(rarely), Not(HasSubstr("io.max")));
  rarely.machine.disk_best_bytes_per_s = 1.1 * rarely.machine.disk_read_bytes_per_s;
  EXPECT_THAT(advice(rarely), HasSubstr("io.max"));  // a limit on bytes, used up all the same
  rarely.machine.disk_best_bytes_per_s = 3 * rarely.machine.disk_read_bytes_per_s;
  EXPECT_THAT(advice(rarely), Not(HasSubstr("io.max")));
}

// --- decoding

TEST(Cause, ImagesFarLargerThanTheCrop) {
  Profile profile = bound_by(&testing::BatchCost::decode);
  profile.data.image_format = "JPEG";
  profile.data.image_pixels = 12e6;
  profile.data.used_pixels = 224 * 224;
  EXPECT_THAT(advice(profile), HasSubstr("12 Mpixel an image, of which 0.05 Mpixel are used"));
  const Diagnosis diagnosis = diagnose(profile);
  const Change stored = find(diagnosis, "store the images at the size")->simulated_as.front();
  EXPECT_EQ(stored.stage, "decode");
  EXPECT_NEAR(stored.value, 12e6 / (224 * 224) / 1.31, 0.01);

  EXPECT_THAT(advice(profile), HasSubstr("decode only what the crop needs"));
  profile.data.decodes_crop = true;
  EXPECT_THAT(advice(profile), Not(HasSubstr("decode only what the crop needs")));

  profile.data.image_pixels = 1.2 * 224 * 224;  // stored small already
  EXPECT_THAT(advice(profile), Not(HasSubstr("at the size that is used")));
  EXPECT_THAT(to_text(diagnose(profile).unhelpful.front()), HasSubstr("smaller images"));
}

TEST(Cause, PngAndProgressiveImages) {
  Profile profile = bound_by(&testing::BatchCost::decode);
  profile.data.image_format = "JPEG";
  EXPECT_THAT(advice(profile), Not(HasSubstr("progressive")));
  EXPECT_THAT(advice(profile), Not(HasSubstr("instead of PNG")));
  profile.data.progressive_share = 0.9;
  EXPECT_THAT(advice(profile), HasSubstr("jpegtran"));
  profile.data = {};
  profile.data.image_format = "PNG";
  EXPECT_THAT(advice(profile),
              HasSubstr("store the images as JPEG (quality 95), once, instead of PNG"));
  EXPECT_THAT(advice(profile), Not(HasSubstr("Image.draft")));  // it draws nothing out of a PNG
}

// --- transforms

// transform/A takes 6 ms of the 12, transform/Normalize 2, the rest is Compose's own.
Profile with_parts() {
  Profile profile = bound_by(&testing::BatchCost::transform);
  std::vector<StageProfile> parts;
  for (StageProfile& stage : profile.stages) {
    if (stage.name != "transform") continue;
    for (const auto& [name, share] :
         {std::pair{"transform/A", 0.5}, {"transform/Normalize", 0.2}}) {
      StageProfile part = stage;
      part.name = name;
      for (double* value : {&part.self_s, &part.wall_s, &part.split.cpu_s, &part.split.runqueue_s,
                            &part.split.blocked_s})
        *value *= share;
      parts.push_back(part);
    }
    for (double* value : {&stage.self_s, &stage.wall_s, &stage.split.cpu_s, &stage.split.runqueue_s,
                          &stage.split.blocked_s})
      *value *= 0.3;
  }
  profile.stages.insert(profile.stages.end(), parts.begin(), parts.end());
  return profile;
}

TEST(Cause, TheTransformThatTakesMostPromisesThatPartAlone) {
  const Profile profile = with_parts();
  Diagnosis diagnosis = diagnose(profile);
  rank_by_forecast(diagnosis, forecast_section(profile, diagnosis).forecasts);
  const Remedy* cheaper = find(diagnosis, "make transform/A cheaper");
  ASSERT_NE(cheaper, nullptr) << advice(profile);
  EXPECT_EQ(cheaper->simulated_as.front().stage, "transform/A");
  const Remedy* device = find(diagnosis, "do Normalize on the device");
  ASSERT_NE(device, nullptr) << advice(profile);
  ASSERT_TRUE(cheaper->forecast && device->forecast);
  // A batch of 4 workers takes 15.4 ms; 6 less are worth 1.6x, 2.4 less 1.2x.
  EXPECT_NEAR(cheaper->forecast->speedup.value, 1.64, 0.1);
  EXPECT_NEAR(device->forecast->speedup.value, 1.18, 0.1);
}

TEST(Cause, NoTransformThatADeviceCouldDo) {
  Profile profile = with_parts();
  EXPECT_THAT(advice(profile), HasSubstr("on the device"));
  std::erase_if(profile.stages,
                [](const StageProfile& stage) { return stage.name == "transform/Normalize"; });
  EXPECT_THAT(advice(profile), Not(HasSubstr("on the device")));
}

TEST(Cause, LoopsOverPixels) {
  Profile profile = with_parts();
  EXPECT_THAT(advice(profile), Not(HasSubstr("instead of loops over pixels")));
  profile.data.transform_loops = {{"A", 1}};  // over the channels, say
  EXPECT_THAT(advice(profile), Not(HasSubstr("instead of loops over pixels")));
  profile.data.transform_loops = {{"A", 2}};
  EXPECT_THAT(advice(profile), HasSubstr("rewrite transform/A with operations on whole arrays"));
}

// --- collating and handing over

TEST(Cause, PaddingInPython) {
  Profile profile = bound_by(&testing::BatchCost::collate);
  EXPECT_THAT(advice(profile), Not(HasSubstr("element by element")));
  profile.data.collate = "pad";
  profile.data.collate_loops = 2;
  EXPECT_THAT(advice(profile), HasSubstr("element by element: pad builds it in Python"));
}

TEST(Cause, ManySmallTensorsByFileDescriptor) {
  Profile profile = bound_by(&testing::BatchCost::send);
  profile.data.tensors = 2;
  profile.data.sharing = "file_descriptor";
  EXPECT_THAT(advice(profile), Not(HasSubstr("few large tensors")));
  EXPECT_THAT(advice(profile), Not(HasSubstr("set_sharing_strategy")));
  profile.data.tensors = 201;
  EXPECT_THAT(advice(profile), HasSubstr("a batch has 201 tensors"));
  EXPECT_THAT(advice(profile), HasSubstr("set_sharing_strategy(\"file_system\")"));
  profile.data.sharing = "file_system";
  EXPECT_THAT(advice(profile), Not(HasSubstr("set_sharing_strategy")));
  profile.data.tensors = 0;
  profile.data.objects = 500;
  EXPECT_THAT(advice(profile), HasSubstr("arrays instead of Python objects"));
}

TEST(Cause, DoublePrecision) {
  Profile profile = bound_by(&testing::BatchCost::send);
  profile.data.tensors = 1;
  profile.data.batch_bytes = 24e6;
  profile.data.dtype = "float32";
  EXPECT_THAT(advice(profile), HasSubstr("it is float32 now, 24.0 MB a batch"));
  profile.data.dtype = "float64";
  EXPECT_THAT(advice(profile), HasSubstr("send float32 (or uint8) instead of float64"));
  profile.data.dtype = "uint8";
  EXPECT_THAT(advice(profile), Not(HasSubstr("uint8 and convert")));
}

TEST(Cause, BatchesThroughThePipe) {
  Profile profile = bound_by(&testing::BatchCost::send);
  profile.job.worker_kind = "process";
  EXPECT_THAT(advice(profile), Not(HasSubstr("pickled and copied")));
  for (StageProfile& stage : profile.stages)
    if (stage.name == "receive") stage.bytes = stage.count * 5'000'000;
  EXPECT_THAT(advice(profile), HasSubstr("5.0 MB of each batch are pickled and copied"));
  profile.job.worker_kind = "thread";  // which share their memory
  EXPECT_THAT(advice(profile), Not(HasSubstr("pickled and copied")));
}

// A collate that keeps the interpreter: what was sent is served between two batches.
ProfileModel served_late() {
  ProfileModel model;
  model.workers = 1;
  model.cost = {.read = 0, .decode = 0, .transform = 0, .collate = 8e-3, .send = 0.1e-3};
  model.compute_s = 1e-3;
  model.receive_s = 6e-3;
  return model;
}

Profile asleep_in_receiving(const ProfileModel& model, double share) {
  Profile profile = make_profile(model);
  for (StageProfile& stage : profile.stages)
    if (stage.name == "receive") {
      stage.split.blocked_s = share * stage.self_s;
      stage.split.cpu_s = stage.self_s - stage.split.blocked_s;
    }
  return profile;
}

TEST(Cause, AHandoverThatWaitsForItsSenderIsTheSendersStage) {
  const Diagnosis late = diagnose(asleep_in_receiving(served_late(), 0.95));
  EXPECT_EQ(late.verdict.label, Label::kCollateBound);
  EXPECT_NE(late.verdict.confidence, Confidence::kHigh);
  EXPECT_THAT(late.verdict.qualifiers, Not(::testing::Contains(Qualifier::kConsumerThreadBound)));
  // The consumer's own work: unpacking.
  const Diagnosis own = diagnose(asleep_in_receiving(served_late(), 0.05));
  EXPECT_EQ(own.verdict.label, Label::kHandoffBound);
  // It sleeps by itself: it goes on when the worker has long been done.
  ProfileModel longer = served_late();
  longer.receive_s = 12e-3;
  EXPECT_EQ(diagnose(asleep_in_receiving(longer, 0.95)).verdict.label, Label::kHandoffBound);
  // It sleeps, but the worker is idle most of that time: the hand-over itself is slow.
  ProfileModel idle = served_late();
  idle.cost.collate = 0.5e-3;
  idle.receive_s = 12e-3;
  EXPECT_EQ(diagnose(asleep_in_receiving(idle, 0.95)).verdict.label, Label::kHandoffBound);
}

// In each of two ranks, whose workers have the same number.
TEST(Cause, RanksWaitForTheirOwnSenders) {
  ProfileModel other = served_late();
  other.seed = 2;
  const Diagnosis late = diagnose(testing::as_ranks(
      {asleep_in_receiving(served_late(), 0.95), asleep_in_receiving(other, 0.95)}));
  EXPECT_EQ(late.verdict.label, Label::kCollateBound);
}

// --- workers and cores

TEST(Cause, MoreWorkersThanCoresCanRun) {
  ProfileModel model;
  model.workers = 8;
  model.cores = 2;
  model.compute_s = 0.2e-3;
  model.cost = {.read = 0.1e-3, .decode = 16e-3, .transform = 1e-3};
  model.crowded = 0.7;
  EXPECT_THAT(advice(make_profile(model)), HasSubstr("use 2 workers instead of 8"));
  model.crowded = 0.05;  // they hardly meet
  EXPECT_THAT(advice(make_profile(model)), Not(HasSubstr("instead of 8 (PyTorch")));
}

TEST(Cause, LibrariesThatComputeOnManyThreads) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 2;
  model.cost.decode = 12e-3;
  model.crowded = 0.5;
  Profile profile = make_profile(model);
  profile.machine.cores_used_job = profile.machine.cores_used_total = 2;
  for (WorkerProfile& worker : profile.workers) {
    worker.process_cores = worker.cpu_s / worker.alive_s;
    worker.process_threads = 3;
  }
  EXPECT_THAT(advice(profile), Not(HasSubstr("OMP_NUM_THREADS")));
  for (WorkerProfile& worker : profile.workers) {
    worker.process_cores = 2.2 * worker.cpu_s / worker.alive_s;
    worker.process_threads = 10;
  }
  EXPECT_THAT(advice(profile), HasSubstr("OMP_NUM_THREADS=1"));
  EXPECT_THAT(advice(profile), HasSubstr("on 10 threads"));
}

TEST(Cause, CpuLimitBelowTheMachine) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  profile.machine.cores_online = 64;
  EXPECT_THAT(advice(profile), Not(HasSubstr("CPU limit")));
  profile.machine.throttled_share = 0.4;
  EXPECT_THAT(advice(profile), HasSubstr("the limit of 8 cores, of 64 that the machine has, stops "
                                         "the job 40 % of the time"));
}

// Most scheduling periods end in a stop of a few milliseconds: that is no saturation, and
// more workers may use the cores that idle.
TEST(Cause, ShortStopsInManyPeriodsAreNoLimit) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  profile.machine.throttled_share = 0.018;
  profile.machine.throttled_periods_share = 0.6;
  EXPECT_THAT(advice(profile), Not(HasSubstr("CPU limit")));
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, ::testing::Contains(Qualifier::kTooFewWorkers));
}

TEST(Cause, CpuLimitOfWhichThePeriodsAloneAreKnown) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  profile.machine.throttled_periods_share = 0.3;
  EXPECT_THAT(advice(profile), Not(HasSubstr("CPU limit")));
  profile.machine.throttled_periods_share = 0.9;
  EXPECT_THAT(advice(profile), HasSubstr("stops the job in 90 % of its scheduling periods"));
}

// Other programs take the cores, but this job only sleeps.
TEST(Cause, OthersDoNotInterfereWithSleep) {
  ProfileModel model;
  model.cores = 4;
  model.other_programs = 3.9;
  model.cost = {.read = 20e-3, .decode = 0.2e-3, .transform = 0.1e-3};
  const Verdict verdict = diagnose(make_profile(model)).verdict;
  EXPECT_EQ(verdict.label, Label::kIoBound);
  EXPECT_THAT(verdict.qualifiers, Not(::testing::Contains(Qualifier::kInterference)));
}

}  // namespace
}  // namespace datamon::report
