// The cells of a track: windows, coarsening, and what a reader finds when the
// writer stops after any instruction of it.
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>

#include "monitor/cell_store.h"
#include "monitor/recording_file.h"
#include "run_job.h"

namespace datamon::test {
namespace {

using format::BlockHeader;
using format::Cell;
using format::CellState;
using monitor::CellStore;

constexpr int kShift = 10;

// A real recording file with one track, and cells that come from it.
class TrackFile final : public monitor::CellSpace {
 public:
  explicit TrackFile(std::uint32_t most_blocks) : most_blocks_(most_blocks) {
    auto directory = std::make_unique<monitor::RecordingDirectory>();
    std::snprintf(directory->path, sizeof directory->path, "%s", folder_.path().c_str());
    file_.reset(new monitor::RecordingFile());
    EXPECT_TRUE(file_->create(*directory, "test", 8 << 20)) << directory->error;
    format::FileHeader& header = *file_->header();
    header.version_major = format::kVersionMajor;
    header.byte_order_mark = format::kByteOrderMark;
    header.clock_kind = static_cast<std::uint32_t>(format::ClockKind::kMonotonic);
    header.first_pair = {1, 1, 1, 0};
    header.ticks_per_second = 1'000'000'000;
    std::memcpy(header.magic, format::kFileMagic, sizeof header.magic);
    track_ = file_->allocate_for(format::BlockType::kTrack, 4096, 0);
    track_->count = 1;
    file_->publish(track_);
    store_.reset(static_cast<CellStore*>(std::calloc(1, sizeof(CellStore))));
    store_->start(*this, *track_, kShift, 0);
  }

  CellStore& store() { return *store_; }
  const std::filesystem::path& path() const { return folder_.path(); }

  // One span of `wall` ticks at `now`. False if it found no place.
  bool add(datamon_stage stage, std::uint64_t now, std::uint64_t wall) {
    if (now >= store_->window_end()) store_->advance(now);
    Cell* cell = store_->current(stage);
    if (cell == nullptr) return false;
    ++cell->count;
    cell->wall_ticks += wall;
    cell->max_ticks = std::max(cell->max_ticks, wall);
    ++cell->histogram[wall % format::kHistogramBuckets];
    return true;
  }

  // What the format says that counts, straight from the memory.
  std::vector<const Cell*> counted() const {
    const auto& record = *reinterpret_cast<const format::TrackRecord*>(track_ + 1);
    const std::uint64_t state = record.merge_state, mask = (1u << 21) - 1;
    const bool pending = state >> 63 != 0;
    std::vector<const Cell*> cells;
    for (std::uint64_t i = 0; i < blocks_.size() * format::kCellsPerBlock; ++i) {
      const Cell& cell = reinterpret_cast<const Cell*>(blocks_[i / format::kCellsPerBlock] +
                                                       1)[i % format::kCellsPerBlock];
      const bool into = pending && i == (state >> 42 & mask);
      const bool merged = pending && (i == (state >> 21 & mask) || i == (state & mask));
      const bool live = cell.state == static_cast<std::uint8_t>(CellState::kLive);
      if ((live || into) && !merged) cells.push_back(&cell);
    }
    return cells;
  }

  // Whatever decides which cells count.
  std::vector<std::uint64_t> signature() const {
    std::vector<std::uint64_t> all{
        reinterpret_cast<const format::TrackRecord*>(track_ + 1)->merge_state};
    for (const BlockHeader* block : blocks_)
      for (int i = 0; i < format::kCellsPerBlock; ++i)
        all.push_back(reinterpret_cast<const Cell*>(block + 1)[i].state);
    return all;
  }

 private:
  BlockHeader* cell_block(std::uint32_t track, std::uint32_t, bool) override {
    if (blocks_.size() == most_blocks_) return nullptr;
    BlockHeader* block = file_->allocate_for(format::BlockType::kCells, 4096, track);
    block->count = format::kCellsPerBlock;
    file_->publish(block);
    blocks_.push_back(block);
    return block;
  }
  void* memory(std::size_t bytes) override {
    memory_.emplace_back(std::calloc(1, bytes));
    return memory_.back().get();
  }

  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  Folder folder_;
  std::size_t most_blocks_;
  std::unique_ptr<monitor::RecordingFile> file_;
  BlockHeader* track_;
  std::vector<BlockHeader*> blocks_;
  std::vector<std::unique_ptr<void, Free>> memory_;
  std::unique_ptr<CellStore, Free> store_;
};

struct Total {
  std::uint64_t count = 0, wall = 0, histogram = 0;
  bool operator==(const Total&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Total& total) {
  return out << total.count << " spans, " << total.wall << " ticks, " << total.histogram
             << " in buckets";
}

std::map<std::uint16_t, Total> totals(const std::vector<const Cell*>& cells) {
  std::map<std::uint16_t, Total> all;
  for (const Cell* cell : cells) {
    Total& total = all[cell->stage];
    total.count += cell->count;
    total.wall += cell->wall_ticks;
    for (const std::uint32_t bucket : cell->histogram) total.histogram += bucket;
  }
  return all;
}

TEST(Cells, AtMost64WindowsAndNoOverlap) {
  TrackFile file(1000);
  std::map<std::uint16_t, Total> expected;
  for (std::uint64_t now = 0; now < (1000u << kShift); now += 100) {
    ASSERT_TRUE(file.add(1, now, now % 91));
    ++expected[1].count;
    expected[1].wall += now % 91;
    ++expected[1].histogram;
  }
  const auto cells = file.counted();
  EXPECT_LE(cells.size(), 64u);
  EXPECT_GE(cells.size(), 32u);
  EXPECT_EQ(totals(cells), expected);
  for (const Cell* a : cells)
    for (const Cell* b : cells)
      if (a != b) {
        EXPECT_FALSE((a->window << a->shift) < ((b->window + 1) << b->shift) &&
                     (b->window << b->shift) < ((a->window + 1) << a->shift));
      }
}

// Random stages, times and space: nothing is ever lost or counted twice, and a
// stage is refused only if there are more stages than cells.
TEST(Cells, ExactWhateverTheSpace) {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 60; ++round) {
    const auto blocks = static_cast<std::uint32_t>(1 + random() % 12);
    const auto stages = 1 + random() % 40;
    TrackFile file(blocks);
    std::map<std::uint16_t, Total> expected;
    std::uint64_t now = random() % (1u << 20), refused = 0;
    for (int i = 0; i < 3000; ++i) {
      now += random() % (random() % 50 == 0 ? 1u << 18 : 200);
      const auto stage = static_cast<datamon_stage>(1 + random() % stages);
      const std::uint64_t wall = random() % 5000;
      if (!file.add(stage, now, wall)) {
        ++refused;
        continue;
      }
      ++expected[stage].count;
      expected[stage].wall += wall;
      ++expected[stage].histogram;
    }
    ASSERT_EQ(totals(file.counted()), expected) << "round " << round;
    if (stages + 1 <= blocks * format::kCellsPerBlock) {
      ASSERT_EQ(refused, 0u) << stages << " stages in " << blocks << " blocks";
    }
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // single steps through a sanitizer take minutes
#else
constexpr bool kSanitized = false;
#endif

// Stops the writer after every single instruction of a coarsening and reads
// what a reader would find if it had been killed there.
TEST(Cells, StoppingAnywhereLosesAndDoublesNothing) {
  if (kSanitized) GTEST_SKIP() << "too slow with a sanitizer";
  TrackFile file(100);
  for (std::uint64_t window = 0; window < 6; ++window)
    for (datamon_stage stage = 2; stage < 5; ++stage)
      if (window != stage) file.add(stage, window << kShift, 10 * window + stage);
  const auto expected = totals(file.counted());

  const pid_t writer = ::fork();
  if (writer == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    // Coarsens twice: pairs, a third into a merged one, lone cells, the current.
    file.store().advance(255u << kShift);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(writer, &status, 0);
  if (!WIFSTOPPED(status) || ::ptrace(PTRACE_SINGLESTEP, writer, nullptr, nullptr) != 0) {
    ::kill(writer, SIGKILL);
    GTEST_SKIP() << "tracing is not permitted here";
  }
  long steps = 0, states = 0;
  std::vector<std::uint64_t> seen = file.signature();
  for (; ::waitpid(writer, &status, 0) == writer && WIFSTOPPED(status); ++steps) {
    ASSERT_EQ(totals(file.counted()), expected) << "after instruction " << steps;
    if (std::vector<std::uint64_t> now = file.signature(); now != seen) {
      seen = std::move(now);
      ++states;
      const report::Recording recording = report::Recording::open(file.path());
      ASSERT_EQ(totals(recording.processes().at(0).tracks.at(0).cells), expected)
          << "by the reader, after instruction " << steps;
    }
    ::ptrace(PTRACE_SINGLESTEP, writer, nullptr, nullptr);
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_GT(steps, 5000);
  EXPECT_GT(states, 30);
}

}  // namespace
}  // namespace datamon::test
