#include "monitor/track_list.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "monitor/arena.h"
#include "monitor/atomics.h"
#include "monitor/clock.h"
#include "monitor/slow_items.h"
#include "monitor/stage_registry.h"

namespace datamon::monitor {
namespace {

using format::BlockHeader;
using format::BlockType;
using format::Cell;
using format::kBlockAlignment;

// Shares of the file: the rest is for tracks, stages, notes, slow items and the
// sampler.
std::uint64_t span_bytes(std::uint64_t max_bytes) { return max_bytes / 2; }
std::uint64_t cell_bytes(std::uint64_t max_bytes) { return max_bytes / 8 * 3; }
std::uint64_t most_tracks(std::uint64_t max_bytes) {
  return std::max<std::uint64_t>(8, max_bytes / 16 / (2 * kBlockAlignment));
}

// A track may always have so many blocks of cells, whatever its share.
constexpr std::uint32_t kLeastCellBlocks = 16;

// The narrowest window lasts from a quarter to half a second; a power of two of
// ticks, so that windows of all processes of a host begin together.
int narrowest_shift() {
  int shift = 0;
  while ((std::uint64_t{2} << shift) <= ticks_per_second() / 2) ++shift;
  return shift;
}

std::uint64_t seed_of(std::uint64_t now, std::uint32_t number) {
  std::uint64_t x = now + 0x9e3779b97f4a7c15u * (number + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 27);
}

// What the split's books say is in the recording.
void set_counted(Track& track) {
  track.spent_counted = track.split->spent_ticks();
  track.sampled_counted = track.split->sampled();
  track.skipped_counted = track.split->skipped();
}

}  // namespace

void TrackList::start(RecordingFile& file, const SplitSetup& split) {
  file_ = &file;
  split_ = split;
  shift_ = narrowest_shift();
  spans_.start(file, span_bytes(file.max_bytes()));
}

Track* TrackList::acquire(std::uint32_t role, std::uint32_t index, std::uint32_t loader,
                          std::uint64_t now) {
  Track* track = find(role, index, loader, now);
  if (track == nullptr) return nullptr;
  begin(*track, static_cast<std::uint32_t>(::syscall(SYS_gettid)), now);
  track->split->start(split_, now, seed_of(now, track->record->number));
  track->skip = track->split->next_skip(now);
  return track;
}

Track* TrackList::move(Track& from, std::uint32_t role, std::uint32_t index, std::uint32_t loader,
                       std::uint64_t now) {
  Track* track = find(role, index, loader, now);
  if (track == nullptr) return nullptr;
  publish(from);
  std::swap(from.split, track->split);
  set_counted(*track);
  set_counted(from);
  begin(*track, from.record->tid, now);
  track->skip = from.skip;
  park(from, now);
  return track;
}

// That of an ended thread that was the same, a new one, or any.
Track* TrackList::find(std::uint32_t role, std::uint32_t index, std::uint32_t loader,
                       std::uint64_t now) {
  Track* track = take_ended(role, index, loader);
  const bool has_share = count_ < most_tracks(file_->max_bytes());
  if (track == nullptr && has_share) track = create(now);
  if (track == nullptr) track = take_longest_ended();
  if (track == nullptr && !has_share) track = create(now);
  return track;
}

Track* TrackList::take_ended(std::uint32_t role, std::uint32_t index, std::uint32_t loader) {
  for (Track** link = &ended_; *link != nullptr; link = &(*link)->next_ended) {
    const format::TrackRecord& record = *(*link)->record;
    if (record.role == role && record.index == index && record.loader == loader) return take(link);
  }
  return nullptr;
}

Track* TrackList::take_longest_ended() {
  if (ended_ == nullptr) return nullptr;
  Track** link = &ended_;
  while ((*link)->next_ended != nullptr) link = &(*link)->next_ended;
  return take(link);
}

Track* TrackList::take(Track** link) {
  Track* track = *link;
  *link = track->next_ended;
  track->next_ended = nullptr;
  return track;
}

Track* TrackList::create(std::uint64_t now) {
  // Memory is never given back, and a thread that gets no track asks again at its next span.
  if (spare_track_ == nullptr) spare_track_ = arena_new<Track>();
  if (spare_split_ == nullptr) spare_split_ = arena_new<CpuSplit>();
  if (spare_track_ == nullptr || spare_split_ == nullptr) return nullptr;
  BlockHeader* block = file_->allocate_for(BlockType::kTrack, kBlockAlignment, count_);
  if (block == nullptr) return nullptr;
  Track* track = std::exchange(spare_track_, nullptr);
  CpuSplit* split = std::exchange(spare_split_, nullptr);
  auto* record = reinterpret_cast<format::TrackRecord*>(block + 1);
  record->number = count_;
  record->start_ticks = now;
  block->count = 1;
  track->record = record;
  track->record_block = block;
  track->split = split;
  // Handles of different tracks differ, so that a span ended on another thread
  // is noticed.
  track->serial = (std::uint64_t{count_} + 1) << 44;
  track->cell_store.start(*this, *block, shift_, now);
  track->next = first_;
  first_ = track;
  ++count_;
  return track;
}

void TrackList::begin(Track& track, std::uint32_t tid, std::uint64_t now) {
  format::TrackRecord& record = *track.record;
  if (record.threads == 0 || record.tid != tid) {
    record.tid = tid;
    store_relaxed(record.threads, record.threads + 1);
    if (record.threads == 1) file_->publish(track.record_block);
  }
  store_relaxed(record.end_ticks, std::uint64_t{0});
  ++live_;
  track.ended = false;
  track.described = false;
  track.depth = 0;
  track.unit_depth = 0;
  // The cells of a window that is not over are still at hand.
  if (now >= track.cell_store.window_end())
    advance(track, now);
  else
    arm_window(track);
  if (track.block == nullptr) next_span_block(track);
}

void TrackList::end(Track& track, std::uint64_t now) {
  track.split->stop();
  publish(track);
  park(track, now);
}

void TrackList::park(Track& track, std::uint64_t now) {
  store_release(track.record->end_ticks, now);
  track.ended = true;
  track.window_end = 0;
  track.next_ended = ended_;
  ended_ = &track;
  --live_;
}

void TrackList::publish(Track& track) {
  format::TrackRecord& record = *track.record;
  store_relaxed(record.span_count, track.span_store.written + track.span_index);
  store_relaxed(record.root_ticks, track.frames[0].child_ticks);
  const CpuSplit& split = *track.split;
  bump(record.sampled_roots, split.sampled() - track.sampled_counted);
  bump(record.skipped_roots, split.skipped() - track.skipped_counted);
  format::FileHeader& header = *file_->header();
  add_relaxed(header.reading_ticks, split.spent_ticks() - track.spent_counted);
  set_counted(track);
  if (track.block == track.span_store.sink) {
    add_relaxed(header.unstored_spans, std::uint64_t{track.span_index} - track.sink_counted);
    track.sink_counted = track.span_index;
  }
}

void TrackList::next_span_block(Track& track) {
  publish(track);
  SpanBlock* full = track.block;
  track.block = spans_.next(track.span_store, full, track.record->number, live_, next_victim, this);
  // Without any memory no index is one to write at.
  track.span_index = track.block != nullptr ? 0 : format::kSpansPerBlock;
  track.sink_counted = 0;
}

SpanStore* TrackList::next_victim(void* list) {
  for (Track* track = static_cast<TrackList*>(list)->first_; track != nullptr; track = track->next)
    if (track->ended && track->span_store.oldest != nullptr &&
        track->span_store.oldest->block != track->block)
      return &track->span_store;
  return nullptr;
}

void TrackList::forget_cells(Track& track) {
  for (std::uint32_t i = 0; i < track.cell_store.stage_count(); ++i)
    track.cells[track.cell_store.stage(i)] = nullptr;
  track.coarsenings = track.cell_store.coarsenings();
  if (track.sink.count == 0) return;
  add_relaxed(file_->header()->dropped_spans, track.sink.count);
  track.sink.count = 0;
  std::replace(std::begin(track.cells), std::end(track.cells), &track.sink,
               static_cast<Cell*>(nullptr));
}

void TrackList::advance(Track& track, std::uint64_t now) {
  track.cell_store.advance(now);
  forget_cells(track);
  arm_window(track);
}

Cell* TrackList::find_cell(Track& track, datamon_stage stage) {
  Cell* cell = track.cell_store.current(stage);
  if (track.coarsenings != track.cell_store.coarsenings()) {
    forget_cells(track);
    arm_window(track);
  }
  if (cell == nullptr) cell = &track.sink;
  track.cells[stage] = cell;
  return cell;
}

void TrackList::keep_slow(Track& track, const format::SpanRecord& span, std::uint64_t bytes,
                          std::string_view name) {
  if (track.slow_block == nullptr) {
    BlockHeader* block =
        file_->allocate_for(BlockType::kSlow, kBlockAlignment, track.record->number);
    if (block == nullptr) {
      track.slow_threshold = UINT64_MAX;
      return;
    }
    file_->publish(block);
    track.slow_block = block;
  }
  const auto before = std::span<const format::SpanRecord>(track.block->spans, track.span_index);
  track.slow_threshold = keep_slow_item(*track.slow_block, {span, bytes, name},
                                        before.empty() ? before : before.first(before.size() - 1));
}

BlockHeader* TrackList::cell_block(std::uint32_t track, std::uint32_t owned, bool urgent) {
  const std::uint64_t share = cell_bytes(file_->max_bytes()) / kBlockAlignment;
  const std::uint64_t own_share =
      std::max<std::uint64_t>(kLeastCellBlocks, share / (2 * std::max(1u, live_)));
  const bool allowed = cell_blocks_ < share ? owned < own_share : owned < kLeastCellBlocks;
  if (!allowed && !urgent) return nullptr;
  BlockHeader* block = file_->allocate_for(BlockType::kCells, kBlockAlignment, track);
  if (block == nullptr) return nullptr;
  block->count = format::kCellsPerBlock;
  file_->publish(block);
  ++cell_blocks_;
  return block;
}

void* TrackList::memory(std::size_t bytes) { return arena_allocate(bytes); }

}  // namespace datamon::monitor
