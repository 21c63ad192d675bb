// The library in real processes: with a CUPTI whose device is made up, with the real
// one without a driver, and without any.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "datamon/monitor.h"
#include "monitor/run_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;
using report::Track;

Environment with_fake(Environment more = {}) {
  more.emplace_back("MON_CUPTI_LIBRARY", FAKE_CUPTI_LIBRARY);
  more.emplace_back("MON_DIR", "rec");
  return more;
}

Outcome run(const Folder& folder, const char* what, const Environment& environment) {
  return run_program(CUPTI_JOB, folder, {CUPTI_INJECTION, FAKE_CUPTI_LIBRARY, what}, environment);
}

Recording record_device(const Folder& folder, const char* what, Environment more = {}) {
  const Outcome outcome = run(folder, what, with_fake(std::move(more)));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  Recording recording = Recording::open(folder / "rec");
  for (const report::Problem& problem : recording.problems())
    ADD_FAILURE() << problem.file << " at " << problem.offset << ": " << problem.what;
  return recording;
}

std::vector<const Track*> tracks_of(const ProcessFile& process, datamon_role role) {
  std::vector<const Track*> found;
  for (const Track& track : process.tracks)
    if (track.record.role == static_cast<std::uint32_t>(role)) found.push_back(&track);
  return found;
}

const Track* named(const ProcessFile& process, const std::string& name) {
  for (const Track& track : process.tracks)
    if (track.name == name) return &track;
  ADD_FAILURE() << "no track " << name;
  return nullptr;
}

std::vector<format::SpanRecord> spans_of(const Track& track) {
  std::vector<format::SpanRecord> all;
  for (const auto& block : track.spans) all.insert(all.end(), block.begin(), block.end());
  return all;
}

std::uint64_t lines_of(const std::string& output) {
  return static_cast<std::uint64_t>(std::count(output.begin(), output.end(), '\n'));
}

TEST(CuptiSession, EachStreamDeviceAndCallingThreadHasATrack) {
  const Folder folder;
  const Recording recording = record_device(folder, "steps");
  ASSERT_EQ(recording.processes().size(), 1u);
  const ProcessFile& process = recording.processes().front();
  EXPECT_EQ(process.header.dropped_spans, 0u);
  EXPECT_EQ(process.header.mismatched_ends, 0u);
  EXPECT_EQ(tracks_of(process, DATAMON_ROLE_DEVICE).size(), 3u);
  EXPECT_EQ(tracks_of(process, DATAMON_ROLE_DEVICE_CALLS).size(), 1u);

  const Track* kernels = named(process, "gpu 0 stream 7");
  const Track* copies = named(process, "gpu 0 stream 14");
  const Track* device = named(process, "gpu 0");
  ASSERT_TRUE(kernels != nullptr && copies != nullptr && device != nullptr);
  EXPECT_EQ(device->record.index, 0u);
  EXPECT_EQ(kernels->record.index, 2u);  // the copies' stream came first
  EXPECT_EQ(spans_of(*kernels).size(), 30u);
  EXPECT_EQ(spans_of(*copies).size(), 30u);
  EXPECT_EQ(process.stage(spans_of(*kernels).front().stage)->name, "gpu-kernel");
  EXPECT_EQ(process.stage(spans_of(*copies).front().stage)->name, "gpu-copy/to-device-pinned");
  EXPECT_EQ(process.stage(spans_of(*copies).front().stage)->stage_class, DATAMON_CLASS_GPU);
  EXPECT_EQ(spans_of(*copies).front().bytes, 1u << 20);
  EXPECT_EQ(process.note("cupti.version"), "130001");
  EXPECT_EQ(process.note("cupti.records"), "150");
  EXPECT_EQ(process.note("cupti.lost_records"), "");
  EXPECT_EQ(process.note("job.incomplete"), "");
}

// The job made each kernel directly behind its copy, within its compute span.
TEST(CuptiSession, TimesAreThoseOfTheRecordingsClock) {
  const Folder folder;
  const Recording recording = record_device(folder, "steps");
  const ProcessFile& process = recording.processes().front();
  const auto computes = [&] {
    std::vector<format::SpanRecord> found;
    for (const Track* track : tracks_of(process, DATAMON_ROLE_CONSUMER))
      for (const format::SpanRecord& span : spans_of(*track))
        if (span.stage == DATAMON_COMPUTE) found.push_back(span);
    return found;
  }();
  const auto kernels = spans_of(*named(process, "gpu 0 stream 7"));
  const auto copies = spans_of(*named(process, "gpu 0 stream 14"));
  const auto busy = spans_of(*named(process, "gpu 0"));
  ASSERT_EQ(computes.size(), 30u);
  ASSERT_EQ(kernels.size(), 30u);
  ASSERT_EQ(copies.size(), 30u);
  ASSERT_EQ(busy.size(), 30u);  // copy and kernel touch
  // What lies between two readings of a clock may be any time on a busy machine, but
  // for one reading of five that are made, twice.
  const auto tolerance = static_cast<std::uint64_t>(process.clock.ticks_per_second() * 1e-3);
  for (std::size_t i = 0; i < computes.size(); ++i) {
    const std::uint64_t from = computes[i].start, to = from + computes[i].duration;
    for (const format::SpanRecord& span : {copies[i], kernels[i]}) {
      EXPECT_GE(span.start + tolerance, from) << i;
      EXPECT_LE(span.start + span.duration, to + tolerance) << i;
      EXPECT_GE(span.id + tolerance, from) << i;  // launched in this step
      EXPECT_LT(span.id, span.start) << i;        // before it began
    }
    EXPECT_LE(busy[i].start, copies[i].start + 1);
    EXPECT_GE(busy[i].start + busy[i].duration + 1, kernels[i].start + kernels[i].duration);
  }
}

TEST(CuptiSession, WaitsAreOfTheThreadThatWaited) {
  const Folder folder;
  const Recording recording = record_device(folder, "steps");
  const ProcessFile& process = recording.processes().front();
  const Track* consumer = tracks_of(process, DATAMON_ROLE_CONSUMER).at(0);
  const Track* calls = tracks_of(process, DATAMON_ROLE_DEVICE_CALLS).at(0);
  EXPECT_EQ(calls->record.index, consumer->record.tid);
  const auto spans = spans_of(*calls);
  ASSERT_EQ(spans.size(), 30u);
  for (const format::SpanRecord& span : spans)
    EXPECT_EQ(process.stage(span.stage)->name, "gpu-wait");
}

TEST(CuptiSession, ManyRecordsAndLostOnesAreCounted) {
  const Folder folder;
  const Recording recording = record_device(folder, "many");
  const ProcessFile& process = recording.processes().front();
  std::uint64_t kernels = 0, launched = 0;
  for (const auto& [id, sum] : sums(process))
    if (process.stage(id)->name == "gpu-kernel") kernels += sum.count;
  for (const Track* track : tracks_of(process, DATAMON_ROLE_DEVICE))
    for (const format::SpanRecord& span : spans_of(*track))
      if (process.stage(span.stage)->name == "gpu-kernel" && span.id != DATAMON_NO_ID) ++launched;
  EXPECT_EQ(kernels, 40'000u);
  EXPECT_EQ(launched, 40'000u);
  EXPECT_EQ(process.note("cupti.lost_records"), "123");
  EXPECT_EQ(process.note("job.incomplete"), "123 records of GPU activity were lost");
}

TEST(CuptiSession, WorkHandedOverLateIsBusyTimeToo) {
  const Folder folder;
  const Recording recording = record_device(folder, "late");
  const ProcessFile& process = recording.processes().front();
  EXPECT_EQ(spans_of(*named(process, "gpu 0 stream 7")).size(), 10u);
  EXPECT_EQ(spans_of(*named(process, "gpu 0 stream 8")).size(), 10u);
  double busy_s = 0;
  for (const format::SpanRecord& span : spans_of(*named(process, "gpu 0")))
    busy_s += static_cast<double>(span.duration) / process.clock.ticks_per_second();
  EXPECT_NEAR(busy_s, 0.020, 0.001);
}

TEST(CuptiSession, KernelsAndDevicesHaveNames) {
  const Folder folder;
  const Recording recording = record_device(folder, "steps", {{"FAKE_CUDA", FAKE_CUDA_LIBRARY}});
  const ProcessFile& process = recording.processes().front();
  EXPECT_EQ(process.note("cupti.device.0"), "NVIDIA Pretence 0");
  EXPECT_EQ(process.note("cupti.kernel.1"), "ampere_sgemm_128x64_nn");
  EXPECT_EQ(process.note("cupti.kernel.2").substr(0, 20), "_ZN2at6native29vecto");
  EXPECT_EQ(process.note("cupti.kernel.3"), "");
  const auto kernels = spans_of(*named(process, "gpu 0 stream 7"));
  ASSERT_EQ(kernels.size(), 30u);
  for (std::size_t i = 0; i < kernels.size(); ++i)
    EXPECT_EQ(kernels[i].bytes, i % 3 == 0 ? 1u : 2u) << i;
}

TEST(CuptiSession, WithoutADriverDevicesHaveNone) {
  const Folder folder;
  EXPECT_EQ(record_device(folder, "steps").processes().front().note("cupti.device.0"), "");
}

TEST(CuptiSession, NamesAreBounded) {
  const Folder folder;
  const Recording recording = record_device(folder, "names");
  const ProcessFile& process = recording.processes().front();
  std::size_t notes = 0;
  for (const auto& [key, value] : process.notes) notes += key.starts_with("cupti.kernel.");
  EXPECT_EQ(notes, 1024u);
  EXPECT_EQ(process.note("cupti.kernel.1024"), "kernel_1023");
  const auto kernels = spans_of(*named(process, "gpu 0 stream 7"));
  ASSERT_EQ(kernels.size(), 3002u);
  for (std::size_t i = 0; i < 3000; ++i)
    EXPECT_EQ(kernels[i].bytes, i % 1500 < 1024 ? i % 1500 + 1 : 0xffff) << i;
  EXPECT_EQ(kernels[3000].bytes, 0u);
  EXPECT_EQ(kernels[3001].bytes, 0u);
}

TEST(CuptiSession, ALongNameIsCut) {
  const Folder folder;
  const Recording recording = record_device(folder, "long-name");
  const std::string_view name = recording.processes().front().note("cupti.kernel.1");
  EXPECT_EQ(name.size(), 480u);
  EXPECT_EQ(name.substr(0, 8), "_Z\n\"\xff<b>");
}

TEST(CuptiSession, AnOldVersionRecordsAllCalls) {
  const Folder folder;
  const Recording recording = record_device(folder, "steps", {{"FAKE_CUPTI", "old"}});
  EXPECT_EQ(recording.processes().front().note("cupti.version"), "18");
  EXPECT_EQ(recording.processes().front().note("cupti.records"), "150");
}

TEST(CuptiSession, AForkedChildDoesNotTouchCupti) {
  for (const char* how : {"fork", "fork-exit"}) {
    const Folder folder;
    const Recording recording = record_device(folder, how);
    ASSERT_EQ(recording.processes().size(), 2u) << how;
    EXPECT_EQ(recording.processes()[0].note("cupti.records"), "10") << how;
    EXPECT_TRUE(tracks_of(recording.processes()[1], DATAMON_ROLE_DEVICE).empty()) << how;
  }
}

TEST(CuptiSession, AKilledJobHasLostTheLastMomentOnly) {
  const Folder folder;
  EXPECT_EQ(run(folder, "killed", with_fake()).status, 128 + 9);
  const Recording recording = Recording::open(folder / "rec");
  EXPECT_EQ(spans_of(*named(recording.processes().front(), "gpu 0 stream 7")).size(), 3u);
}

TEST(CuptiSession, AStuckCuptiDoesNotHoldUpTheExit) {
  const Folder folder;
  const Outcome outcome = run(folder, "nothing", with_fake({{"FAKE_CUPTI", "stuck"}}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_NE(Recording::open(folder / "rec").processes().front().note("job.incomplete"), "");
}

TEST(CuptiSession, FetchesTheLastRecordsBeforeTheDriverEnds) {
  const Folder folder;
  const Recording recording = record_device(folder, "driver-exit");
  EXPECT_EQ(spans_of(*named(recording.processes().front(), "gpu 0 stream 7")).size(), 3u);
}

TEST(CuptiSession, IsStartedOnce) {
  const Folder folder;
  EXPECT_EQ(record_device(folder, "again").processes().size(), 1u);
}

TEST(CuptiSession, WithoutMonItDoesNothing) {
  const Folder folder;
  const Outcome outcome = run(folder, "nothing", {{"MON", ""}, {"MON_CUPTI_LIBRARY", "/none"}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_TRUE(recordings_in(folder.path()).empty());
}

// One line, the job unharmed, and the reason in the recording.
void expect_excuse(const Environment& environment, const std::string& part,
                   const std::string& more_output = "") {
  const Folder folder;
  const Outcome outcome = run(folder, "steps", environment);
  EXPECT_EQ(outcome.status, 0) << part;
  EXPECT_EQ(lines_of(outcome.output), more_output.empty() ? 1u : 2u) << outcome.output;
  EXPECT_NE(outcome.output.find("datamon: no GPU activity is recorded: "), std::string::npos)
      << outcome.output;
  EXPECT_NE(outcome.output.find(part), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find(more_output), std::string::npos) << outcome.output;
  const Recording recording = Recording::open(folder / "rec");
  const ProcessFile& process = recording.processes().front();
  EXPECT_NE(std::string(process.note("job.incomplete")).find(part), std::string::npos);
  EXPECT_TRUE(tracks_of(process, DATAMON_ROLE_DEVICE).empty());
  EXPECT_EQ(sums(process).at(DATAMON_COMPUTE).count, 30u);
}

TEST(CuptiSession, SaysWhoIsThereAlready) {
  expect_excuse(with_fake({{"FAKE_CUPTI", "taken"}}), "CUPTI for Another Tool");
}

TEST(CuptiSession, SaysThatThereIsNoDriver) {
  expect_excuse(with_fake({{"FAKE_CUPTI", "no-driver"}}), "CUPTI_ERROR_UNKNOWN");
}

TEST(CuptiSession, SaysThatTheVersionIsNotKnown) {
  expect_excuse(with_fake({{"FAKE_CUPTI", "future"}}), "CUPTI 140000");
}

TEST(CuptiSession, LeavesCuptiToOthersWhereItCannotBeUsed) {
  expect_excuse(with_fake({{"FAKE_CUPTI", "refuses"}}), "CUPTI_ERROR_INVALID_OPERATION",
                "unsubscribed");
}

TEST(CuptiSession, SaysThatThereIsNoCupti) {
  const Environment rec = {{"MON_DIR", "rec"}};
  const auto with = [&](const std::string& library) {
    Environment environment = rec;
    environment.emplace_back("MON_CUPTI_LIBRARY", library);
    return environment;
  };
  expect_excuse(with("/nowhere/libcupti.so.13"), "/nowhere/libcupti.so.13");
  expect_excuse(with(CUPTI_INJECTION), "is not CUPTI");
  const Folder folder;
  std::ofstream(folder / "libcupti.so") << "this is text";
  expect_excuse(with((folder / "libcupti.so").string()), "libcupti.so");
}

// MON_CUPTI=1 is what a job without `datamon run` needs.
TEST(CuptiSession, TheMonitorNamesTheLibraryToTheDriver) {
  const auto named_with = [](const char* before) {
    const Folder folder;
    return run(folder, "environment",
               with_fake({{"MON_CUPTI", "1"}, {"CUDA_INJECTION64_PATH", before}}))
        .output;
  };
  EXPECT_EQ(named_with(""), std::string(CUPTI_INJECTION) + "\n");
  EXPECT_EQ(named_with("/elsewhere/libdatamon-cupti.so"), "/elsewhere/libdatamon-cupti.so\n");
  EXPECT_EQ(named_with("/another/tool.so"),
            "datamon: MON_CUPTI=1 records no GPU activity: CUDA_INJECTION64_PATH names another "
            "tool, /another/tool.so\n/another/tool.so\n");
  const Folder folder;
  EXPECT_EQ(run(folder, "environment", with_fake()).output, "nothing\n");
}

#ifdef CUPTI_LIBRARY
TEST(CuptiSession, TheRealCuptiWithoutADriverIsExcused) {
  if (::access("/dev/nvidiactl", F_OK) == 0) GTEST_SKIP() << "there is a driver";
  expect_excuse({{"MON_DIR", "rec"}, {"MON_CUPTI_LIBRARY", CUPTI_LIBRARY}}, "CUPTI_ERROR_");
}
#endif

#ifdef CUDA_JOB
// The driver is what loads the library: without one the job is as it was.
TEST(CuptiSession, AProgramOfTheCudaRunTimeRunsOn) {
  const Folder folder;
  const Outcome plain = run_program(CUDA_JOB, folder, {}, {{"MON", ""}});
  const Outcome recorded = run_program(
      CUDA_JOB, folder, {}, {{"MON_DIR", "rec"}, {"CUDA_INJECTION64_PATH", CUPTI_INJECTION}});
  EXPECT_EQ(recorded.status, plain.status);
  if (::access("/dev/nvidiactl", F_OK) != 0) {
    EXPECT_EQ(recorded.output, plain.output);
  }
}
#endif

}  // namespace
}  // namespace datamon::test
