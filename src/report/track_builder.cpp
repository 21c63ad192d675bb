#include "report/track_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "report/text_units.h"

namespace datamon::report {
namespace {

using format::Cell;
using format::CellState;

bool has_stage(const std::vector<Stage>& stages, std::uint16_t id) {
  const auto at =
      std::lower_bound(stages.begin(), stages.end(), id,
                       [](const Stage& s, std::uint16_t wanted) { return s.id < wanted; });
  return at != stages.end() && at->id == id;
}

// A window whose ends fit into 64 bits.
bool possible_window(const Cell& cell) {
  return cell.shift < 64 && cell.window < (UINT64_MAX >> cell.shift);
}

// The merge that was going on when the writer stopped: cells `a` and `b` are in
// `into` already, which may not be marked as live yet. See TrackRecord::merge_state.
struct PendingMerge {
  bool pending;
  std::uint64_t into, a, b;
};

PendingMerge pending_merge(std::uint64_t state) {
  constexpr std::uint64_t mask = (std::uint64_t{1} << 21) - 1;
  return {(state >> 63) != 0, (state >> 42) & mask, (state >> 21) & mask, state & mask};
}

// A snapshot of a running job can show two cells together with the one they
// were just merged into: of cells of one stage that overlap, the widest counts.
void drop_overlaps(std::vector<const Cell*>& cells) {
  std::sort(cells.begin(), cells.end(), [](const Cell* a, const Cell* b) {
    if (a->stage != b->stage) return a->stage < b->stage;
    const std::uint64_t a_begin = a->window << a->shift, b_begin = b->window << b->shift;
    if (a_begin != b_begin) return a_begin < b_begin;
    if (a->shift != b->shift) return a->shift > b->shift;
    return a < b;
  });
  const Cell* kept = nullptr;
  std::erase_if(cells, [&kept](const Cell* cell) {
    const bool inside = kept != nullptr && kept->stage == cell->stage &&
                        (cell->window << cell->shift) < ((kept->window + 1) << kept->shift);
    if (!inside) kept = cell;
    return inside;
  });
}

}  // namespace

TrackBuilder::Parts& TrackBuilder::parts(std::uint32_t number, std::uint64_t offset) {
  const auto [at, is_new] = parts_.try_emplace(number);
  if (is_new) {
    at->second.offset = offset;
    at->second.track.record.number = number;
  }
  return at->second;
}

void TrackBuilder::add_record(std::uint64_t offset, std::span<const std::byte> payload) {
  format::TrackRecord record;
  if (payload.size() < sizeof record) return;  // cut; said already
  std::memcpy(&record, payload.data(), sizeof record);
  if (record.name_bytes > sizeof record.name) {
    log_.add(offset, fmt::format("track {} has a name of {} bytes, {} at most are possible; cut",
                                 record.number, record.name_bytes, sizeof record.name));
    record.name_bytes = sizeof record.name;
  }
  Parts& to = parts(record.number, offset);
  if (to.has_record) {
    log_.add(offset, fmt::format("a second track has the number {}; skipped", record.number));
    return;
  }
  to.has_record = true;
  to.track.record = record;
  to.track.name.assign(record.name, record.name_bytes);
}

void TrackBuilder::add_cells(std::uint32_t track, std::uint64_t offset,
                             std::span<const std::byte> payload) {
  Parts& to = parts(track, offset);
  const std::size_t count =
      std::min<std::size_t>(payload.size() / sizeof(Cell), format::kCellsPerBlock);
  const auto* cells = reinterpret_cast<const Cell*>(payload.data());
  for (std::size_t i = 0; i < count; ++i)
    to.cells.push_back({cells + i, offset + sizeof(format::BlockHeader) + i * sizeof(Cell)});
}

void TrackBuilder::add_spans(std::uint32_t track, std::uint64_t first,
                             std::span<const format::SpanRecord> spans) {
  if (!spans.empty()) parts(track, 0).spans.push_back({first, spans});
}

void TrackBuilder::add_slow(std::uint32_t track, std::uint64_t offset,
                            std::span<const format::SlowRecord> records) {
  for (const format::SlowRecord& record : records) {
    if (record.version % 2 != 0) continue;  // was being replaced
    if (record.name_bytes > sizeof record.name || record.parts > std::size(record.part)) {
      log_.add(offset, "a slow item with impossible lengths; skipped");
    } else {
      parts(track, offset).track.slow.push_back(&record);
    }
    offset += sizeof record;
  }
}

void TrackBuilder::finish_cells(Parts& parts, const std::vector<Stage>& stages) {
  const PendingMerge merge = pending_merge(parts.track.record.merge_state);
  for (std::size_t number = 0; number < parts.cells.size(); ++number) {
    const Cell& cell = *parts.cells[number].cell;
    const bool merged = merge.pending && number == merge.into;
    if (cell.state != static_cast<std::uint8_t>(CellState::kLive) && !merged) continue;
    if (merge.pending && !merged && (number == merge.a || number == merge.b)) continue;
    if (!possible_window(cell)) {
      log_.add(parts.cells[number].offset, "sums of an impossible time window; skipped");
    } else if (!has_stage(stages, cell.stage)) {
      log_.add(parts.cells[number].offset,
               fmt::format("sums of stage {}, which nothing defines: {} span{} not in the report",
                           cell.stage, cell.count,
                           plural(static_cast<double>(cell.count), " is", "s are")));
    } else {
      parts.track.cells.push_back(&cell);
    }
  }
  drop_overlaps(parts.track.cells);
}

void TrackBuilder::finish_spans(Parts& parts) {
  std::stable_sort(parts.spans.begin(), parts.spans.end(),
                   [](const PlacedSpans& a, const PlacedSpans& b) { return a.first < b.first; });
  for (const PlacedSpans& placed : parts.spans) {
    parts.track.spans.push_back(placed.spans);
    parts.track.spans_before.push_back(placed.first);
  }
}

std::vector<Track> TrackBuilder::take(const std::vector<Stage>& stages) {
  std::vector<Track> tracks;
  tracks.reserve(parts_.size());
  for (auto& [number, parts] : parts_) {
    if (!parts.has_record) {
      log_.add(parts.offset,
               fmt::format("nothing says which thread track {} is: shown as unnamed", number));
    }
    finish_cells(parts, stages);
    finish_spans(parts);
    tracks.push_back(std::move(parts.track));
  }
  parts_.clear();
  return tracks;
}

}  // namespace datamon::report
