#include "report/block_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "report/builtin_stages.h"
#include "report/samples.h"
#include "report/track_builder.h"

namespace datamon::report {
namespace {

using format::BlockHeader;
using format::BlockType;

// Blocks that were not finished are a few for each thread of a killed job. More
// unused space is not a writer's: a sparse file of terabytes would be walked page
// by page for hours.
constexpr std::uint64_t kMostUnused = std::uint64_t{256} << 20;

class BlockWalk {
 public:
  BlockWalk(std::span<const std::byte> file, ProcessFile& process, ProblemLog& log)
      : file_(file), process_(process), log_(log), tracks_(log), samples_(log) {}

  void run() {
    const std::uint64_t end = process_.header.allocated_bytes;
    std::uint64_t offset = process_.header.header_bytes;
    while (offset < end && end - offset >= sizeof(BlockHeader)) offset += step(offset, end);
    finish_cut(end);
    add_builtin_stages(process_.stages);
    process_.tracks = tracks_.take(process_.stages);
    samples_.take(process_.samples);
  }

 private:
  // Handles what lies at `offset`; returns how far to go.
  std::uint64_t step(std::uint64_t offset, std::uint64_t end) {
    BlockHeader block;
    std::memcpy(&block, file_.data() + offset, sizeof block);
    if (block.magic != format::kBlockMagic) {
      // Zero: the block was not finished, or the space is not used yet.
      if (block.magic != 0 && !is_cut_) bad_place(offset);
      unused_ += format::kBlockAlignment;
      if (unused_ <= kMostUnused) return format::kBlockAlignment;
      log_.add(offset, fmt::format("more than {} MiB of unused space: damaged; the rest of the "
                                   "file is skipped",
                                   kMostUnused >> 20));
      return end - offset;
    }
    in_bad_place_ = false;
    finish_cut(offset);
    block_ = block;
    offset_ = offset;
    if (block_.bytes == 0 || block_.bytes % format::kBlockAlignment != 0) {
      log_.add(offset, fmt::format("a block of {} bytes is impossible; skipped", block_.bytes));
      return format::kBlockAlignment;
    }
    if (block_.bytes > end - offset) {
      log_.add(offset, fmt::format("this block of {} bytes reaches beyond the {} bytes that the "
                                   "file has; only its beginning is read",
                                   block_.bytes, end));
      is_cut_ = true;
      return format::kBlockAlignment;
    }
    handle(file_.subspan(offset + sizeof block_, block_.bytes - sizeof block_));
    return block_.bytes;
  }

  // A block that reaches beyond the file has what lies before the next block: all of it
  // where the file was cut, and no byte belongs to two of them.
  void finish_cut(std::uint64_t end) {
    if (!is_cut_) return;
    is_cut_ = false;
    const std::uint64_t begin = offset_ + sizeof block_;
    handle(file_.subspan(begin, end - begin));
  }

  // Says so once for neighbouring pages.
  void bad_place(std::uint64_t offset) {
    if (!in_bad_place_) log_.add(offset, "neither a block nor unused space: damaged; skipped");
    in_bad_place_ = true;
  }

  void handle(std::span<const std::byte> payload) {
    switch (static_cast<BlockType>(block_.type)) {
      case BlockType::kStages:
        return stages(payload);
      case BlockType::kTrack:
        return tracks_.add_record(offset_, payload);
      case BlockType::kCells:
        return tracks_.add_cells(block_.track, offset_, payload);
      case BlockType::kSpans:
        return spans(payload);
      case BlockType::kSlow:
        return slow(payload);
      case BlockType::kNotes:
        return notes(payload);
      case BlockType::kMetrics:
        return samples_.add_metrics(records<format::MetricRecord>(payload), offset_);
      case BlockType::kSamples:
        return samples_.add_rows(block_, offset_, payload);
      case BlockType::kProcesses:
        return samples_.add_processes(block_, offset_, payload);
      case BlockType::kFileTotals:
        return file_totals(payload);
      case BlockType::kFiles:
        return files(payload);
    }
    // A newer minor version may have other blocks; in our own version it is damage.
    if (process_.header.version_minor <= format::kVersionMinor)
      log_.add(offset_, fmt::format("a block of unknown type {}; skipped", block_.type));
  }

  // The block's whole records: never more than it has room for.
  template <typename Record>
  std::span<const Record> records(std::span<const std::byte> payload) {
    const std::size_t room = payload.size() / sizeof(Record);
    const std::size_t block_room = (block_.bytes - sizeof block_) / sizeof(Record);
    if (block_.count > block_room) {
      log_.add(offset_ + offsetof(BlockHeader, count),
               fmt::format("{} records in a block that has room for {}; skipped", block_.count,
                           block_room));
      return {};
    }
    return {reinterpret_cast<const Record*>(payload.data()),
            std::min<std::size_t>(room, block_.count)};
  }

  void stages(std::span<const std::byte> payload) {
    std::uint64_t at = offset_ + sizeof block_;
    for (const format::StageRecord& record : records<format::StageRecord>(payload)) {
      if (record.id == 0 || record.name_bytes > sizeof record.name) {
        log_.add(at, fmt::format("stage {} with a name of {} bytes is impossible; skipped",
                                 record.id, record.name_bytes));
      } else {
        process_.stages.push_back({record.id, record.stage_class, record.loader,
                                   std::string(record.name, record.name_bytes)});
      }
      at += sizeof record;
    }
  }

  void spans(std::span<const std::byte> payload) {
    if (block_.generation % 2 != 0) return;  // was being reused
    tracks_.add_spans(block_.track, block_.first, records<format::SpanRecord>(payload));
  }

  void slow(std::span<const std::byte> payload) {
    if (block_.generation % 2 != 0) return;
    tracks_.add_slow(block_.track, offset_ + sizeof block_, records<format::SlowRecord>(payload));
  }

  void file_totals(std::span<const std::byte> payload) {
    const auto totals = records<format::FileTotals>(payload);
    if (process_.files.totals == nullptr && !totals.empty()) process_.files.totals = totals.data();
  }

  void files(std::span<const std::byte> payload) {
    std::uint64_t at = offset_ + sizeof block_;
    for (const format::FileRecord& record : records<format::FileRecord>(payload)) {
      if (record.path_bytes > sizeof record.path) {
        log_.add(at, fmt::format("a file with a path of {} bytes is impossible; skipped",
                                 record.path_bytes));
      } else if (record.version % 2 == 0 && record.key != 0) {
        process_.files.records.push_back(&record);
      }
      at += sizeof record;
    }
  }

  void notes(std::span<const std::byte> payload) {
    const std::span<const char> text = records<char>(payload);
    std::string_view rest(text.data(), text.size());
    while (!rest.empty()) {
      const std::size_t key_end = rest.find('\0');
      const std::size_t value_end =
          key_end == std::string_view::npos ? key_end : rest.find('\0', key_end + 1);
      if (value_end == std::string_view::npos) {
        log_.add(offset_, "a note without its end; skipped");
        return;
      }
      process_.notes.emplace_back(rest.substr(0, key_end),
                                  rest.substr(key_end + 1, value_end - key_end - 1));
      rest.remove_prefix(value_end + 1);
    }
  }

  std::span<const std::byte> file_;
  ProcessFile& process_;
  ProblemLog& log_;
  TrackBuilder tracks_;
  SamplesBuilder samples_;
  BlockHeader block_{};
  std::uint64_t offset_ = 0;  // of block_
  bool is_cut_ = false;       // block_ reaches beyond the file, and is not handled yet
  std::uint64_t unused_ = 0;  // bytes seen so far
  bool in_bad_place_ = false;
};

}  // namespace

void walk_blocks(std::span<const std::byte> file, ProcessFile& process, ProblemLog& log) {
  BlockWalk(file, process, log).run();
}

}  // namespace datamon::report
