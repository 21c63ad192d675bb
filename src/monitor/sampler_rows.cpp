#include "monitor/sampler_rows.h"

#include <algorithm>
#include <atomic>
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
    capacity_ = (bytes - sizeof(format::BlockHeader)) / record_bytes;
    if (capacity_ < kFewestRecords) return false;
    for (auto& block : blocks_)
      if (block == nullptr || block->bytes != bytes) block = source.allocate(type, bytes);
    if (blocks_[0] == nullptr || blocks_[1] == nullptr) continue;
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
// returns how many there are.
std::size_t RowStore::copy_thinned(std::size_t recent) {
  const std::size_t stretches = std::max<std::size_t>(capacity_ / 4 / largest_group_, 1);
  const double origin = static_cast<double>(ticks(active_, 0));
  const double length =
      std::max(static_cast<double>(ticks(active_, recent - 1)) - origin, 1.0) * 1.0000001;
  std::size_t kept = 0;
  std::int64_t latest_stretch = -1;
  for (std::size_t begin = 0; begin < recent;) {
    const std::size_t end = end_of_group(begin, recent);
    const double age = static_cast<double>(ticks(active_, begin)) - origin;
    const auto stretch = static_cast<std::int64_t>(age / length * static_cast<double>(stretches));
    if (stretch > latest_stretch) {
      std::memcpy(record(1 - active_, kept), record(active_, begin), (end - begin) * record_bytes_);
      kept += end - begin;
      latest_stretch = stretch;
    }
    begin = end;
  }
  return kept;
}

void RowStore::thin() {
  format::BlockHeader& target = *blocks_[1 - active_];
  store(target.generation, target.generation | 1);
  std::atomic_thread_fence(std::memory_order_release);
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
