#include "monitor/file_table.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "monitor/atomics.h"
#include "monitor/lock.h"

namespace datamon::monitor {
namespace {

using format::BlockHeader;
using format::BlockType;
using format::FileRecord;
using format::FileTotals;

// Of the file's largest size: the rest is for spans and sums.
constexpr std::uint64_t kShareOfFile = 16;
constexpr std::uint32_t kTotalsBytes = 8192;
static_assert(sizeof(BlockHeader) + sizeof(FileTotals) <= kTotalsBytes);

template <typename T>
void raise_to(T& field, T value) {
  std::atomic_ref<T> shared(field);
  T seen = shared.load(std::memory_order_relaxed);
  while (seen < value && !shared.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

void note_in_sketch(FileTotals& totals, std::uint64_t key) {
  constexpr int kBits = format::kFileSketchBits;
  const std::uint64_t rest = key << kBits;
  const int rank = rest != 0 ? __builtin_clzll(rest) + 1 : 64 - kBits + 1;
  raise_to(totals.sketch[key >> (64 - kBits)], static_cast<std::uint8_t>(rank));
}

// What the totals and one file's record have in common; T is either.
template <typename T>
void add_reads(T& to, const datamon_file_use& use) {
  add_relaxed(to.reads, use.reads);
  add_relaxed(to.bytes_read, use.bytes_read);
  add_relaxed(to.read_ticks, use.read_ticks);
  if (use.bytes_mapped != 0) add_relaxed(to.bytes_mapped, use.bytes_mapped);
  if (use.storage_bytes != 0) add_relaxed(to.storage_bytes, use.storage_bytes);
  if (use.slow_reads != 0) add_relaxed(to.slow_reads, use.slow_reads);
}

void add_to(FileTotals& totals, const datamon_file_use& use) {
  add_reads(totals, use);
  if (use.slow_reads != 0) add_relaxed(totals.slow_ticks, use.slow_ticks);
  if (use.uses == 0) return;
  add_relaxed(totals.uses, use.uses);
  note_in_sketch(totals, use.key);
}

void add_to(FileRecord& record, const datamon_file_use& use) {
  add_reads(record, use);
  if (use.reads == 1) raise_to(record.longest_ticks, use.read_ticks);
  if (use.uses == 0) return;
  add_relaxed(record.uses, use.uses);
  store_relaxed(record.file_bytes, use.file_bytes);
}

// Writes the path; counters and key stay zero.
void name(FileRecord& record, const datamon_file_use& use) {
  const std::size_t bytes = std::min(use.path_bytes, sizeof record.path);
  std::memcpy(record.path, use.path + (use.path_bytes - bytes), bytes);
  record.path_bytes = static_cast<std::uint16_t>(bytes);
}

// Clears what another file counted.
void reset(FileRecord& record) {
  for (std::uint64_t* field :
       {&record.file_bytes, &record.uses, &record.reads, &record.bytes_read, &record.bytes_mapped,
        &record.read_ticks, &record.longest_ticks, &record.storage_bytes, &record.slow_reads})
    store_relaxed(*field, std::uint64_t{0});
}

}  // namespace

FileTotals* FileTable::totals(RecordingFile& file) {
  FileTotals* known = std::atomic_ref(totals_).load(std::memory_order_acquire);
  if (known != nullptr) return known;
  const Lock lock(mutex_);
  if (totals_ != nullptr || refused_) return totals_;
  BlockHeader* block = file.allocate(BlockType::kFileTotals, kTotalsBytes);
  if (block == nullptr) {
    refused_ = true;
    return nullptr;
  }
  block->count = 1;
  file.publish(block);
  store_release(totals_, reinterpret_cast<FileTotals*>(block + 1));
  return totals_;
}

FileRecord& FileTable::record(Place place) {
  const std::uint32_t number = place - 1u;
  auto* records = reinterpret_cast<FileRecord*>(blocks_[number / format::kFilesPerBlock] + 1);
  return records[number % format::kFilesPerBlock];
}

FileRecord* FileTable::find(std::uint64_t key) {
  for (Place& shared : places_[key % kBuckets]) {
    const Place place = std::atomic_ref(shared).load(std::memory_order_acquire);
    if (place == 0) return nullptr;
    FileRecord& found = record(place);
    if (load_relaxed(found.key) == key) return &found;
  }
  return nullptr;
}

// A record that no file has, or 0. The lock is held.
FileTable::Place FileTable::free_record(RecordingFile& file) {
  constexpr std::uint32_t kEach = format::kFilesPerBlock;
  if (record_count_ == block_count_ * kEach) {
    const std::uint64_t room = file.max_bytes() / kShareOfFile / format::kFileBlockBytes;
    if (block_count_ == kMaxBlocks || block_count_ >= std::max<std::uint64_t>(room, 1)) return 0;
    if (refused_) return 0;
    BlockHeader* block = file.allocate(BlockType::kFiles, format::kFileBlockBytes);
    if (block == nullptr) {
      refused_ = true;
      return 0;
    }
    file.publish(block);
    blocks_[block_count_++] = block;
  }
  return static_cast<Place>(++record_count_);
}

// The bucket's record that took the least time, if this file took longer.
FileRecord* FileTable::replace_one(const datamon_file_use& use) {
  FileRecord* least = nullptr;
  for (const Place place : places_[use.key % kBuckets]) {
    if (place == 0) break;
    FileRecord& candidate = record(place);
    if (least == nullptr || load_relaxed(candidate.read_ticks) < load_relaxed(least->read_ticks))
      least = &candidate;
  }
  if (least == nullptr || load_relaxed(least->read_ticks) >= use.read_ticks) return nullptr;
  const std::uint64_t version = least->version;
  // An exchange, since no store below may come before it.
  std::atomic_ref(least->version).exchange(version | 1);
  reset(*least);
  name(*least, use);
  store_release(least->key, use.key);
  store_release(least->version, (version | 1) + 1);
  add_relaxed(totals_->replaced, std::uint64_t{1});
  return least;
}

FileRecord* FileTable::insert(RecordingFile& file, const datamon_file_use& use) {
  const Lock lock(mutex_);
  if (FileRecord* found = find(use.key)) return found;
  Place* free = nullptr;
  for (Place& place : places_[use.key % kBuckets]) {
    if (place != 0) continue;
    free = &place;
    break;
  }
  const Place place = free != nullptr ? free_record(file) : Place{0};
  if (place == 0) return replace_one(use);
  FileRecord& fresh = record(place);
  name(fresh, use);
  store_relaxed(fresh.key, use.key);
  BlockHeader& block = *blocks_[(place - 1u) / format::kFilesPerBlock];
  store_release(block.count, block.count + 1);
  store_release(*free, place);
  return &fresh;
}

void FileTable::add(RecordingFile& file, const datamon_file_use& use) {
  if (use.key == 0 || use.path == nullptr) return;
  FileTotals* sums = totals(file);
  if (sums == nullptr) return;
  add_to(*sums, use);
  FileRecord* found = find(use.key);
  if (found == nullptr) found = insert(file, use);
  if (found != nullptr) return add_to(*found, use);
  if (use.uses != 0) add_relaxed(sums->unlisted_uses, use.uses);
}

}  // namespace datamon::monitor
