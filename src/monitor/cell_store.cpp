#include "monitor/cell_store.h"

#include <algorithm>
#include <cstring>

#include "monitor/atomics.h"

namespace datamon::monitor {
namespace {

using format::BlockHeader;
using format::Cell;
using format::CellState;

constexpr std::uint64_t kMergePending = std::uint64_t{1} << 63;

void set_state(Cell& cell, CellState state) {
  store_release(cell.state, static_cast<std::uint8_t>(state));
}

format::TrackRecord& record_of(BlockHeader& block) {
  return *reinterpret_cast<format::TrackRecord*>(&block + 1);
}

}  // namespace

void add_cells(Cell& to, const Cell& a, const Cell& b) {
  constexpr std::uint64_t Cell::*kSums[] = {
      &Cell::count,         &Cell::wall_ticks,      &Cell::self_ticks, &Cell::bytes,
      &Cell::sampled_count, &Cell::sampled_self_ns, &Cell::cpu_ns,     &Cell::runqueue_ns,
      &Cell::fault_ns,      &Cell::major_faults};
  const bool both = &a != &b;
  for (auto field : kSums) store_relaxed(to.*field, a.*field + (both ? b.*field : 0));
  store_relaxed(to.max_ticks, std::max(a.max_ticks, b.max_ticks));
  for (int i = 0; i < format::kHistogramBuckets; ++i) {
    const std::uint64_t sum = std::uint64_t{a.histogram[i]} + (both ? b.histogram[i] : 0);
    store_relaxed(to.histogram[i],
                  static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, UINT32_MAX)));
  }
}

void CellStore::start(CellSpace& space, BlockHeader& track_block, int shift,
                      std::uint64_t first_ticks) {
  space_ = &space;
  track_block_ = &track_block;
  shift_ = shift;
  first_ticks_ = first_ticks;
  window_ = first_ticks >> shift;
}

void CellStore::advance(std::uint64_t now) {
  while ((now >> shift_) - (first_ticks_ >> shift_) >= kMaxWindows && shift_ < kMaxShift) {
    window_ = now >> shift_;
    coarsen();
  }
  window_ = std::max(window_, now >> shift_);
}

Cell* CellStore::current(datamon_stage stage) {
  const std::uint32_t newest = newest_[stage];
  if (newest != 0 && is_current(*entry(newest - 1).cell)) return entry(newest - 1).cell;
  if (!make_room(stage)) return nullptr;
  // Coarsening may have turned the stage's newest cell into the current one.
  if (newest_[stage] != 0 && is_current(*entry(newest_[stage] - 1).cell))
    return entry(newest_[stage] - 1).cell;
  const std::uint32_t number = take_free();
  Cell& cell = *entry(number).cell;
  std::memset(static_cast<void*>(&cell), 0, sizeof cell);
  cell.window = window_;
  cell.shift = static_cast<std::uint8_t>(shift_);
  cell.stage = stage;
  if (newest_[stage] == 0) stages_[stage_count_++] = stage;
  entry(number).next = newest_[stage];
  newest_[stage] = number + 1;
  ++live_;
  set_state(cell, CellState::kLive);
  return &cell;
}

// True when there is a free cell, or the stage's newest one has become current.
bool CellStore::make_room(datamon_stage stage) {
  if (free_ != 0 || grow(false)) return true;
  while (shift_ < kMaxShift && (live_ > stage_count_ || newest_[stage] != 0)) {
    if (scratch_ == 0) break;
    coarsen();
    if (free_ != 0) return true;
    if (newest_[stage] != 0 && is_current(*entry(newest_[stage] - 1).cell)) return true;
  }
  return grow(true);
}

std::uint64_t CellStore::window_at(const Cell& cell) const {
  return cell.shift <= shift_ ? cell.window >> (shift_ - cell.shift) : window_;
}

bool CellStore::is_current(const Cell& cell) const {
  return cell.shift == shift_ && cell.window == window_;
}

bool CellStore::grow(bool urgent) {
  // Numbers count in block order, so a block is taken whole or not at all.
  for (const std::uint32_t number : {cells_, cells_ + format::kCellsPerBlock - 1}) {
    if (number / kPageEntries >= kMaxPages) return false;
    Entry*& page = pages_[number / kPageEntries];
    if (page == nullptr) page = static_cast<Entry*>(space_->memory(sizeof(Entry) * kPageEntries));
    if (page == nullptr) return false;
  }
  BlockHeader* block = space_->cell_block(track_block_->track, blocks_, urgent);
  if (block == nullptr) return false;
  add_entries(*block);
  return true;
}

void CellStore::add_entries(BlockHeader& block) {
  ++blocks_;
  Cell* cells = reinterpret_cast<Cell*>(&block + 1);
  for (std::uint32_t i = 0; i < format::kCellsPerBlock; ++i) entry(cells_ + i).cell = cells + i;
  for (std::uint32_t i = format::kCellsPerBlock; i > 0; --i) give_free(cells_ + i - 1);
  cells_ += format::kCellsPerBlock;
  if (scratch_ != 0) return;
  const std::uint32_t number = take_free();
  set_state(*entry(number).cell, CellState::kScratch);
  scratch_ = number + 1;
}

std::uint32_t CellStore::take_free() {
  const std::uint32_t number = free_ - 1;
  free_ = entry(number).next;
  return number;
}

void CellStore::give_free(std::uint32_t number) {
  entry(number).next = free_;
  free_ = number + 1;
}

void CellStore::coarsen() {
  ++shift_;
  window_ >>= 1;
  ++coarsenings_;
  if (scratch_ == 0) return;
  for (std::uint32_t i = 0; i < stage_count_; ++i) regroup(stages_[i]);
}

// Merges neighbours of the stage's list that now share a window. A cell alone in
// a past window keeps its narrow label; the current one gets the wide label,
// since spans of the whole window will be added to it.
void CellStore::regroup(datamon_stage stage) {
  std::uint32_t* link = &newest_[stage];
  while (*link != 0) {
    const std::uint32_t a = *link - 1;
    const std::uint32_t older = entry(a).next;
    const std::uint64_t window = window_at(*entry(a).cell);
    const bool has_sibling = older != 0 && window_at(*entry(older - 1).cell) == window;
    if (has_sibling) {
      const std::uint32_t rest = entry(older - 1).next;
      const std::uint32_t merged = merge(a, older - 1, window);
      entry(merged).next = rest;
      *link = merged + 1;
      continue;  // there may be a third one
    }
    if (window == window_ && !is_current(*entry(a).cell)) {
      const std::uint32_t merged = merge(a, a, window);
      entry(merged).next = older;
      *link = merged + 1;
    }
    link = &entry(*link - 1).next;
  }
}

// Crash-safe: stopping after any store leaves every span in exactly one cell
// that a reader counts (see TrackRecord::merge_state). Returns the new cell's
// number; `a` becomes the scratch cell, `b` is free.
std::uint32_t CellStore::merge(std::uint32_t a, std::uint32_t b, std::uint64_t window) {
  const std::uint32_t into = scratch_ - 1;
  Cell& to = *entry(into).cell;
  Cell& from_a = *entry(a).cell;
  Cell& from_b = *entry(b).cell;
  add_cells(to, from_a, from_b);
  store_relaxed(to.window, window);
  store_relaxed(to.shift, static_cast<std::uint8_t>(shift_));
  store_relaxed(to.stage, from_a.stage);
  std::uint64_t& state = record_of(*track_block_).merge_state;
  store_release(track_block_->active, track_block_->active + 1);
  store_release(state, kMergePending | std::uint64_t{into} << 42 | std::uint64_t{a} << 21 | b);
  set_state(to, CellState::kLive);
  if (b != a) set_state(from_b, CellState::kFree);
  set_state(from_a, CellState::kScratch);
  store_release(state, std::uint64_t{0});
  scratch_ = a + 1;
  if (b != a) {
    give_free(b);
    --live_;
  }
  return into;
}

}  // namespace datamon::monitor
