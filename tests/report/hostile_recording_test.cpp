// Files that were made to be dear to read: what they cost is in proportion to their size.
#include <gtest/gtest.h>

#include "damage.h"
#include "recording_builder.h"
#include "report/profile.h"
#include "report/recording.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;
using format::BlockHeader;
using format::BlockType;
using format::FileHeader;

constexpr std::uint32_t kBeyond = 0x7ffff000u;

Recording open(const Bytes& bytes) {
  test::TemporaryFolder folder;
  write_file(folder.path() / "x.mon", bytes);
  return Recording::open(folder.path());
}

// Each page is a block that claims all of the file behind it, and more.
Bytes reaching_blocks(BlockType type, std::size_t record_bytes, std::size_t pages) {
  constexpr std::size_t page = format::kBlockAlignment;
  Bytes bytes = FileBuilder({.is_root = true}).bytes();
  const std::size_t first = get<FileHeader>(bytes, 0).header_bytes;
  bytes.resize(first);
  bytes.resize(first + pages * page);
  BlockHeader header{};
  header.magic = format::kBlockMagic;
  header.type = static_cast<std::uint16_t>(type);
  header.bytes = kBeyond;
  header.count = (kBeyond - sizeof header) / record_bytes;
  for (std::size_t at = first; at < bytes.size(); at += page) {
    put(bytes, at, header);
    if (type != BlockType::kNotes) continue;
    for (std::size_t i = at + sizeof header; i + 4 <= at + page; i += 4)
      put(bytes, i, std::uint32_t{'k' | 'v' << 16});
  }
  put(bytes, offsetof(FileHeader, allocated_bytes), std::uint64_t{bytes.size()});
  return bytes;
}

struct Kept {
  std::size_t spans = 0, slow = 0, notes = 0, metrics = 0;
};

Kept kept_of(const Recording& recording) {
  Kept kept;
  for (const ProcessFile& process : recording.processes()) {
    for (const Track& track : process.tracks) {
      for (const auto spans : track.spans) kept.spans += spans.size();
      kept.slow += track.slow.size();
    }
    kept.notes += process.notes.size();
    kept.metrics += process.samples.metrics.size();
  }
  return kept;
}

TEST(Hostile, BlocksThatAllReachBeyondTheFileShareNoByte) {
  constexpr std::size_t pages = 1000;
  struct Case {
    BlockType type;
    std::size_t record_bytes, least_bytes;  // a note is two bytes at least
    std::size_t Kept::*count;
  };
  for (const Case& one :
       {Case{BlockType::kSpans, sizeof(format::SpanRecord), sizeof(format::SpanRecord),
             &Kept::spans},
        Case{BlockType::kSlow, sizeof(format::SlowRecord), sizeof(format::SlowRecord), &Kept::slow},
        Case{BlockType::kMetrics, sizeof(format::MetricRecord), sizeof(format::MetricRecord),
             &Kept::metrics},
        Case{BlockType::kNotes, 1, 4, &Kept::notes}}) {
    const Bytes bytes = reaching_blocks(one.type, one.record_bytes, pages);
    const Recording recording = open(bytes);
    const std::size_t count = kept_of(recording).*one.count;
    ASSERT_GE(count, pages) << static_cast<int>(one.type);  // each has what is its own
    ASSERT_LE(count, bytes.size() / one.least_bytes) << static_cast<int>(one.type);
    ASSERT_FALSE(recording.problems().empty());
    EXPECT_NE(recording.problems().front().what.find("reaches beyond"), std::string::npos);
  }
}

// One wrong length in the middle costs neither its own block nor those behind it.
TEST(Hostile, AWrongLengthCostsNothing) {
  FileBuilder file({.is_root = true, .span_block_bytes = 8192});
  TrackBuilder& track = file.track(kConsumer, 0, "main");
  for (int i = 0; i < 600; ++i) track.span(kWait, 0.01 * i, 0.01 * i + 0.005);
  Bytes bytes = file.bytes();
  const std::size_t second = find_block(bytes, BlockType::kSpans, 1);
  ASSERT_NE(second, 0u);
  put(bytes, second + offsetof(BlockHeader, bytes), kBeyond);
  const Recording recording = open(bytes);
  ASSERT_EQ(recording.problems().size(), 1u);  // its pages are no damage of their own
  EXPECT_EQ(recording.problems().front().offset, second);
  EXPECT_EQ(kept_of(recording).spans, 600u);
}

}  // namespace
}  // namespace datamon::report
