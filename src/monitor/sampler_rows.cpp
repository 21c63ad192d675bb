#include "monitor/sampler_rows.h"

#include <algorithm>
#include <cstring>

namespace datamon::monitor {
namespace {

constexpr std::uint32_t kSmallestBlock = 64 * 1024;
constexpr std::size_t kFewestRecords = 16;

void store(std::uint64_t& place, std::uint64_t value) {
  __atomic_store_n(&place, value, __ATOMIC_RELEASE);
}

}  // namespace

bool RowStore::create(BlockSource& source, format::BlockType type, std::size_t record_bytes,
                      std::uint32_t block_bytes) {
  record_bytes_ = record_bytes;
  for (std::uint32_t bytes = block_bytes; bytes >= kSmallestBlock; bytes /= 2) {
    for (auto& block : blocks_)
      if (block == nullptr) block = source.allocate(type, bytes);
    if (blocks_[0] == nullptr || blocks_[1] == nullptr) continue;
    const std::uint32_t smaller = std::min(blocks_[0]->bytes, blocks_[1]->bytes);
    capacity_ = (smaller - sizeof(format::BlockHeader)) / record_bytes;
    if (capacity_ < kFewestRecords) return false;
    store(blocks_[0]->active, 1);
    source.publish(blocks_[0]);
    source.publish(blocks_[1]);
    return true;
  }
  return false;
}

unsigned char* RowStore::record(int block, std::size_t index) const {
  return reinterpret_cast<unsigned char*>(blocks_[block] + 1) + index * record_bytes_;
}

std::uint64_t RowStore::ticks(int block, std::size_t index) const {
  std::uint64_t value;
  std::memcpy(&value, record(block, index), sizeof value);
  return value;
}

std::size_t RowStore::size() const { return static_cast<std::size_t>(blocks_[active_]->count); }

void RowStore::append(const void* records, std::size_t count) {
  largest_group_ = std::max(largest_group_, count);
  if (size() + count > capacity_) thin();
  if (size() + count > capacity_) return;
  std::memcpy(record(active_, size()), records, count * record_bytes_);
  store(blocks_[active_]->count, size() + count);
}

// The index behind the records that have the same time as the one at `index`.
std::size_t RowStore::end_of_group(std::size_t index, std::size_t size) const {
  const std::uint64_t time = ticks(active_, index);
  while (index < size && ticks(active_, index) == time) ++index;
  return index;
}

// Copies the thinned records in front of `recent` to the other block and
// returns how many there are. Stretches are powers of two long and begin at the
// first record, so that those of the next time hold whole ones of this time:
// the gap between two kept times stays below two stretches.
std::size_t RowStore::copy_thinned(std::size_t recent) {
  const std::uint64_t stretches = std::max<std::size_t>(capacity_ / 4 / largest_group_, 1);
  const std::uint64_t origin = ticks(active_, 0);
  int shift = 0;
  while (shift < 63 && (ticks(active_, recent - 1) - origin) >> shift >= stretches) ++shift;
  std::size_t kept = 0;
  std::uint64_t next_stretch = 0;
  for (std::size_t begin = 0; begin < recent;) {
    const std::size_t end = end_of_group(begin, recent);
    const std::uint64_t stretch = (ticks(active_, begin) - origin) >> shift;
    if (stretch >= next_stretch) {
      std::memcpy(record(1 - active_, kept), record(active_, begin), (end - begin) * record_bytes_);
      kept += end - begin;
      next_stretch = stretch + 1;
    }
    begin = end;
  }
  return kept;
}

void RowStore::thin() {
  format::BlockHeader& target = *blocks_[1 - active_];
  // Acquire: no record may be written before the block is marked as in rewriting.
  __atomic_exchange_n(&target.generation, target.generation | 1, __ATOMIC_ACQ_REL);
  const std::size_t count = size();
  std::size_t recent = count - std::min(count, capacity_ / 4);
  if (recent > 0) recent = end_of_group(recent - 1, count);
  std::size_t kept = recent > 0 ? copy_thinned(recent) : 0;
  std::memcpy(record(1 - active_, kept), record(active_, recent), (count - recent) * record_bytes_);
  kept += count - recent;
  store(target.count, kept);
  store(target.generation, target.generation + 1);
  store(target.active, blocks_[active_]->active + 1);
  active_ = 1 - active_;
}

}  // namespace datamon::monitor
