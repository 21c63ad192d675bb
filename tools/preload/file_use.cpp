#include "file_use.h"

#include <sys/resource.h>

namespace datamon::preload {
namespace {

// The page cache delivers a read within 50 us and at a GB/s at the very least,
// unless the thread lost its CPU meanwhile.
constexpr std::uint64_t kCacheLatencyUs = 50;
constexpr std::uint64_t kCacheBytesPerUs = 1000;

// How far this thread's storage reads are counted, and for which file.
struct StorageMark {
  std::uint64_t key;
  std::uint64_t bytes;
};
__thread StorageMark t_storage __attribute__((tls_model("initial-exec"))) = {0, 0};

// What this thread had the kernel fetch, read-ahead included. 0.3 us.
std::uint64_t storage_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_THREAD, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_inblock) * 512;
}

// Since the mark, if it is about this file; moves the mark.
std::uint64_t storage_since_mark(const OpenFile& file) {
  const std::uint64_t now = storage_bytes();
  const bool known = t_storage.key == file.key && now >= t_storage.bytes;
  const std::uint64_t bytes = known ? now - t_storage.bytes : 0;
  t_storage = {file.key, now};
  return bytes;
}

datamon_file_use use_of(const OpenFile& file, bool first) {
  datamon_file_use use{};
  use.path = file.path;
  use.path_bytes = file.path_bytes;
  use.key = file.key;
  use.file_bytes = file.file_bytes;
  use.uses = first ? 1 : 0;
  return use;
}

}  // namespace

Reading::Reading(OpenFile& file) : file_(file), monitor_(monitor()) {
  if (monitor_ == nullptr) return;
  const Inside inside;
  first_ = !file.used.exchange(true, std::memory_order_relaxed);
  if (first_) t_storage = {file.key, storage_bytes()};
  span_ = monitor_->begin_unless_inside(DATAMON_READ);
  start_ = monitor_->now();
}

void Reading::end(std::uint64_t bytes) {
  if (monitor_ == nullptr) return;
  const Inside inside;
  const std::uint64_t ticks = monitor_->now() - start_;
  if (span_ != 0) monitor_->end_with(span_, DATAMON_NO_ID, bytes, nullptr, 0);
  datamon_file_use use = use_of(file_, first_);
  use.reads = 1;
  use.bytes_read = bytes;
  use.read_ticks = ticks;
  const std::uint64_t rate = ticks_per_us(*monitor_);
  if (rate != 0 && ticks > rate * (kCacheLatencyUs + bytes / kCacheBytesPerUs)) {
    use.slow_reads = 1;
    use.slow_ticks = ticks;
    use.storage_bytes = storage_since_mark(file_);
  }
  monitor_->file(&use);
}

void count_mapping(OpenFile& file, std::uint64_t bytes) {
  const datamon_api* table = monitor();
  if (table == nullptr) return;
  const Inside inside;
  datamon_file_use use = use_of(file, !file.used.exchange(true, std::memory_order_relaxed));
  use.bytes_mapped = bytes;
  table->file(&use);
}

void count_storage(OpenFile& file) {
  if (t_storage.key != file.key) return;
  const datamon_api* table = monitor();
  const std::uint64_t bytes = storage_since_mark(file);
  t_storage.key = 0;
  if (table == nullptr || bytes == 0) return;
  datamon_file_use use = use_of(file, false);
  use.storage_bytes = bytes;
  table->file(&use);
}

}  // namespace datamon::preload
