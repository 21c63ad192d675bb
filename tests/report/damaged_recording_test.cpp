// Recordings are untrusted: whatever a file holds, what is good of it is
// reported, what is not is named with file and offset, and nothing breaks.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "damage.h"
#include "loader_model.h"
#include "memory_file.h"
#include "recording_builder.h"
#include "report/file_bytes.h"
#include "report/live_check.h"
#include "report/profile.h"
#include "report/recording.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;
using format::BlockHeader;
using format::BlockType;
using format::FileHeader;

class Damaged : public ::testing::Test {
 protected:
  // A file with every type of block: a small loader that makes its own batches.
  static Bytes good() {
    FileBuilder file({.pid = 7, .is_root = true, .span_block_bytes = 4096});
    const std::uint16_t blur = file.stage("transform/blur", 5);
    file.note("loader.workers", "0");
    TrackBuilder& track = file.track(kConsumer, 0, "main");
    for (int i = 0; i < 60; ++i) {
      const double at_s = 0.05 * i;
      track.begin(kWait, at_s);
      track.begin(kFetch, at_s);
      if (i == 3) track.keep_next_as_slow();
      track.span(blur, at_s, at_s + 0.01, {.id = 1, .split = Split{}});
      track.end(at_s + 0.02);
      track.end(at_s + 0.03, {.id = static_cast<std::uint64_t>(i), .name = "photo"});
    }
    file.sample({{"cpu.user", "ns", format::MetricKind::kCounter, [](double t) { return t; }}}, 0,
                3, 0.1);
    file.sample_process(0, 7, 0, 0, 0);
    file.data_file("/data/a.jpg", 2, 5000, 0.01);
    file.data_file("/data/b.jpg", 1, 7000, 0.02);
    return file.bytes();
  }

  Recording open(const Bytes& bytes) {
    write_file(folder_.path() / "x.mon", bytes);
    return Recording::open(folder_.path());
  }

  // Faster, for tests that open thousands.
  Recording open_in_memory(const Bytes& bytes) {
    memory_.fill(bytes);
    return Recording::open(memory_.path());
  }

  static std::uint64_t spans_of(const Recording& recording) {
    std::uint64_t sum = 0;
    for (const ProcessFile& process : recording.processes())
      for (const Track& track : process.tracks)
        for (const auto spans : track.spans) sum += spans.size();
    return sum;
  }

  static std::uint64_t counted_by(const Recording& recording) {
    std::uint64_t sum = 0;
    for (const ProcessFile& process : recording.processes())
      for (const Track& track : process.tracks)
        for (const format::Cell* cell : track.cells) sum += cell->count;
    return sum;
  }

  // The first problem, which must name the file.
  static Problem first_problem(const Recording& recording) {
    if (recording.problems().empty()) {
      ADD_FAILURE() << "no problem was reported";
      return {};
    }
    EXPECT_EQ(recording.problems().front().file, "x.mon");
    return recording.problems().front();
  }

  void expect_problem(const Bytes& bytes, std::size_t offset, const std::string& word) {
    const Recording recording = open(bytes);
    const Problem problem = first_problem(recording);
    EXPECT_EQ(problem.offset, offset) << problem.what;
    EXPECT_NE(problem.what.find(word), std::string::npos) << problem.what;
    build_profile(recording);
  }

  test::TemporaryFolder folder_;
  MemoryFile memory_;
};

TEST_F(Damaged, GoodFileHasNoProblems) {
  const Recording recording = open(good());
  EXPECT_TRUE(recording.problems().empty());
  EXPECT_EQ(spans_of(recording), 180u);
}

TEST_F(Damaged, Empty) { expect_problem({}, 0, "empty"); }

TEST_F(Damaged, CutAtEveryByteOfTheHeader) {
  const Bytes whole = good();
  for (std::size_t bytes = 0; bytes <= format::kBlockAlignment; ++bytes) {
    const Recording recording = open_in_memory({whole.begin(), whole.begin() + bytes});
    ASSERT_FALSE(recording.problems().empty()) << bytes;
    ASSERT_EQ(recording.problems().front().offset, bytes);
    ASSERT_EQ(recording.processes().size(), bytes < sizeof(FileHeader) ? 0u : 1u);
  }
}

TEST_F(Damaged, CutAnywhereKeepsWhatIsBefore) {
  const Bytes whole = good();
  std::uint64_t spans = 0, counted = 0;
  for (std::size_t bytes = format::kBlockAlignment; bytes < whole.size(); bytes += 211) {
    const Recording recording = open_in_memory({whole.begin(), whole.begin() + bytes});
    ASSERT_FALSE(recording.problems().empty()) << bytes;
    ASSERT_LE(recording.problems().front().offset, bytes);
    // The more of the file, the more is reported.
    ASSERT_GE(spans_of(recording), spans);
    ASSERT_GE(counted_by(recording), counted);
    spans = spans_of(recording);
    counted = counted_by(recording);
    build_profile(recording);
  }
  EXPECT_EQ(spans, 180u);
  EXPECT_EQ(counted, 180u);
}

TEST_F(Damaged, BitFlips) {
  const Bytes whole = good();
  Dice dice(1);
  for (int i = 0; i < 1000; ++i) {
    Bytes bytes = whole;
    // Headers are a small part of the file but most of what can go wrong.
    const std::size_t block = dice.below(bytes.size() / 4096) * 4096;
    const std::size_t at = i % 2 == 0 ? dice.below(bytes.size()) : block + dice.below(256);
    bytes[at] ^= std::byte{1} << dice.below(8);
    const Recording recording = open_in_memory(bytes);
    ASSERT_LE(spans_of(recording), 180u + 180u);
    build_profile(recording);
  }
}

TEST_F(Damaged, RandomBytes) {
  Dice dice(2);
  const Bytes whole = good();
  for (int i = 0; i < 200; ++i) {
    Bytes bytes(dice.below(40'000));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(dice.next());
    // Half of them behind a good header.
    if (i % 2 == 0 && bytes.size() > 4096) std::copy_n(whole.begin(), 4096, bytes.begin());
    const Recording recording = open_in_memory(bytes);
    EXPECT_FALSE(recording.problems().empty());
    build_profile(recording);
  }
}

TEST_F(Damaged, LengthsThatOverflow) {
  for (const BlockType type :
       {BlockType::kStages, BlockType::kTrack, BlockType::kCells, BlockType::kSpans,
        BlockType::kSlow, BlockType::kNotes, BlockType::kMetrics, BlockType::kSamples,
        BlockType::kProcesses, BlockType::kFileTotals, BlockType::kFiles}) {
    const Bytes whole = good();
    const std::size_t at = find_block(whole, type);
    ASSERT_NE(at, 0u) << static_cast<int>(type);
    for (const std::uint64_t count :
         {std::uint64_t{1} << 20, std::uint64_t{1} << 59, std::uint64_t{1} << 63, UINT64_MAX}) {
      Bytes bytes = whole;
      put(bytes, at + offsetof(BlockHeader, count), count);
      const Recording recording = open(bytes);
      if (type != BlockType::kTrack && type != BlockType::kCells) {
        EXPECT_EQ(first_problem(recording).offset, at + offsetof(BlockHeader, count));
      }
      build_profile(recording);
    }
    for (const std::uint32_t length : {0u, 1u, 4095u, 0x7ffff000u, 0xfffff000u, UINT32_MAX}) {
      Bytes bytes = whole;
      put(bytes, at + offsetof(BlockHeader, bytes), length);
      const Recording recording = open(bytes);
      EXPECT_EQ(first_problem(recording).offset, at);
      build_profile(recording);
    }
  }
  for (const std::uint64_t allocated : {std::uint64_t{0}, std::uint64_t{4097}, UINT64_MAX}) {
    Bytes bytes = good();
    put(bytes, offsetof(FileHeader, allocated_bytes), allocated);
    build_profile(open(bytes));
  }
}

TEST_F(Damaged, NewerMinorVersionIsReadAsFarAsKnown) {
  Bytes bytes = good();
  put(bytes, offsetof(FileHeader, version_minor), format::kVersionMinor + 3);
  put(bytes, find_block(bytes, BlockType::kNotes) + offsetof(BlockHeader, type), std::uint16_t{99});
  const Recording recording = open(bytes);
  ASSERT_EQ(recording.problems().size(), 1u);  // the unknown block is no damage
  EXPECT_NE(first_problem(recording).what.find("newer"), std::string::npos);
  EXPECT_EQ(spans_of(recording), 180u);
}

TEST_F(Damaged, FilesThatCannotBeAreLeftOut) {
  Bytes bytes = good();
  const std::size_t first = find_block(bytes, BlockType::kFiles) + sizeof(BlockHeader);
  put(bytes, first + offsetof(format::FileRecord, path_bytes), std::uint16_t{161});
  const Recording recording = open(bytes);
  EXPECT_EQ(first_problem(recording).offset, first);
  EXPECT_EQ(build_profile(recording).files.slowest.size(), 1u);
  bytes = good();
  put(bytes, first + offsetof(format::FileRecord, version), std::uint64_t{3});  // being replaced
  const Recording replaced = open(bytes);
  EXPECT_TRUE(replaced.problems().empty());
  EXPECT_EQ(build_profile(replaced).files.slowest.size(), 1u);
}

TEST_F(Damaged, NewerMajorVersionSaysWhatToDo) {
  Bytes bytes = good();
  put(bytes, offsetof(FileHeader, version_major), format::kVersionMajor + 1);
  expect_problem(bytes, offsetof(FileHeader, version_major), "newer one");
}

TEST_F(Damaged, OtherByteOrder) {
  Bytes bytes = good();
  put(bytes, offsetof(FileHeader, byte_order_mark), 0x04030201u);
  expect_problem(bytes, offsetof(FileHeader, byte_order_mark), "byte order");
}

TEST_F(Damaged, UnknownBlockInOurVersion) {
  Bytes bytes = good();
  const std::size_t at = find_block(bytes, BlockType::kNotes);
  put(bytes, at + offsetof(BlockHeader, type), std::uint16_t{99});
  expect_problem(bytes, at, "unknown type");
}

TEST_F(Damaged, UnfinishedBlockIsNoDamage) {
  Bytes bytes = good();
  put(bytes, find_block(bytes, BlockType::kNotes), std::uint32_t{0});
  EXPECT_TRUE(open(bytes).problems().empty());
}

TEST_F(Damaged, BlockBeingReusedIsIgnored) {
  Bytes bytes = good();
  put(bytes, find_block(bytes, BlockType::kSpans) + offsetof(BlockHeader, generation),
      std::uint64_t{5});
  const Recording recording = open(bytes);
  EXPECT_TRUE(recording.problems().empty());
  EXPECT_LT(spans_of(recording), 180u);
}

TEST_F(Damaged, UnknownStagesAreLeftOut) {
  Bytes bytes = good();
  const std::size_t cells = find_block(bytes, BlockType::kCells) + sizeof(BlockHeader);
  put(bytes, cells + offsetof(format::Cell, stage), std::uint16_t{4000});
  expect_problem(bytes, cells, "4000");
}

TEST_F(Damaged, TrackWithoutRecordStillCounts) {
  Bytes bytes = good();
  put(bytes, find_block(bytes, BlockType::kTrack), std::uint32_t{0});
  const Recording recording = open(bytes);
  EXPECT_NE(first_problem(recording).what.find("track 0"), std::string::npos);
  EXPECT_EQ(counted_by(recording), 180u);
}

// The writer died while it merged cells 0 and 1 into cell 2.
TEST_F(Damaged, PendingMergeCountsOnce) {
  for (const format::CellState into_state :
       {format::CellState::kLive, format::CellState::kScratch}) {
    Bytes bytes = good();
    const std::size_t cells = find_block(bytes, BlockType::kCells) + sizeof(BlockHeader);
    // Windows 2k and 2k+1 of one stage, and the cell that holds both.
    format::Cell a{};
    a.window = 100;
    a.shift = 20;
    a.state = static_cast<std::uint8_t>(format::CellState::kLive);
    a.stage = kWait;
    a.count = 3;
    format::Cell b = a, into = a;
    b.window = 101;
    b.count = 4;
    into.window = 50;
    into.shift = 21;
    into.count = 7;
    into.state = static_cast<std::uint8_t>(into_state);
    std::fill_n(bytes.begin() + cells, 7 * sizeof(format::Cell), std::byte{0});
    put(bytes, cells, a);
    put(bytes, cells + sizeof a, b);
    put(bytes, cells + 2 * sizeof a, into);
    const std::uint64_t before = counted_by(open(bytes));
    const std::size_t track = find_block(bytes, BlockType::kTrack) + sizeof(BlockHeader);
    put(bytes, track + offsetof(format::TrackRecord, merge_state),
        std::uint64_t{1} << 63 | std::uint64_t{2} << 42 | std::uint64_t{0} << 21 | 1);
    // Without the mark a live third cell wins by its width; a scratch one is not seen.
    EXPECT_EQ(counted_by(open(bytes)), before);
  }
}

TEST_F(Damaged, ForeignFilesAreNamed) {
  write_file(folder_.path() / "a.txt", Bytes(10));  // not ours: not looked at
  write_file(folder_.path() / "b.mon", Bytes(5000, std::byte{'x'}));
  std::filesystem::create_directory(folder_.path() / "c.mon");
  ASSERT_EQ(mkfifo((folder_.path() / "d.mon").c_str(), 0600), 0);
  const Recording recording = open(good());
  ASSERT_EQ(recording.problems().size(), 3u);
  EXPECT_EQ(recording.problems()[0].file, "b.mon");
  EXPECT_NE(recording.problems()[0].what.find("not a datamon recording"), std::string::npos);
  EXPECT_EQ(recording.problems()[1].file, "c.mon");
  EXPECT_EQ(recording.problems()[2].file, "d.mon");
  EXPECT_EQ(spans_of(recording), 180u);
}

TEST_F(Damaged, TwoJobsInOneFolder) {
  FileBuilder({.pid = 1, .is_root = true}).write(folder_.path());
  FileBuilder({.pid = 2, .is_root = true, .start_s = 100}).write(folder_.path());
  const Recording recording = Recording::open(folder_.path());
  ASSERT_EQ(recording.problems().size(), 1u);
  EXPECT_NE(recording.problems().front().what.find("two jobs"), std::string::npos);
}

TEST_F(Damaged, NothingThereSaysWhatToDo) {
  EXPECT_THROW(Recording::open(folder_.path() / "missing"), RecordingError);
  try {
    Recording::open(folder_.path());
    FAIL();
  } catch (const RecordingError& error) {
    EXPECT_NE(std::string(error.what()).find("MON=1"), std::string::npos) << error.what();
  }
}

// It takes no space on disk and would be walked page by page for hours.
TEST_F(Damaged, EndlessUnusedSpaceIsSkipped) {
#if defined(__SANITIZE_THREAD__)
  constexpr std::uint64_t huge = std::uint64_t{1} << 36;  // its programs have 1.5 TiB of addresses
#else
  constexpr std::uint64_t huge = std::uint64_t{1} << 41;
#endif
  Bytes bytes = good();
  put(bytes, offsetof(FileHeader, allocated_bytes), huge);
  const auto path = folder_.path() / "x.mon";
  write_file(path, bytes);
  if (truncate(path.c_str(), static_cast<off_t>(huge)) != 0)
    GTEST_SKIP() << "this file system has no large sparse files";
  const Recording recording = Recording::open(folder_.path());
  EXPECT_NE(first_problem(recording).what.find("unused space"), std::string::npos);
  EXPECT_EQ(spans_of(recording), 180u);
}

// Another process truncates a mapped file while we read it.
TEST_F(Damaged, MappedFileThatShrinksReadsAsZeros) {
  const auto path = folder_.path() / "big.mon";
  write_file(path, Bytes(1 << 20, std::byte{7}));
  const FileBytes file(path, 0);  // map whatever the size
  EXPECT_FALSE(file.is_snapshot());
  EXPECT_EQ(file.all()[900'000], std::byte{7});
  ASSERT_EQ(truncate(path.c_str(), 4096), 0);
  EXPECT_EQ(file.all()[0], std::byte{7});
  EXPECT_FALSE(file.shrank());
  EXPECT_EQ(file.all()[500'000], std::byte{0});
  EXPECT_EQ(file.all()[1'000'000], std::byte{0});
  EXPECT_TRUE(file.shrank());
}

TEST_F(Damaged, SnapshotStaysWhenTheFileShrinks) {
  const auto path = folder_.path() / "small.mon";
  write_file(path, Bytes(100'000, std::byte{7}));
  const FileBytes file(path);
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  EXPECT_TRUE(std::all_of(file.all().begin(), file.all().end(),
                          [](std::byte b) { return b == std::byte{7}; }));
}

TEST_F(Damaged, MergesDuringTheReadAreSeen) {
  const auto path = folder_.path() / "x.mon";
  Bytes bytes = good();
  write_file(path, bytes);
  const auto header = get<FileHeader>(bytes, 0);
  EXPECT_FALSE(merged_since(path, bytes, header));
  put(bytes, find_block(bytes, BlockType::kTrack) + offsetof(BlockHeader, active),
      std::uint64_t{1});
  EXPECT_TRUE(merged_since(path, bytes, header));
}

}  // namespace
}  // namespace datamon::report
