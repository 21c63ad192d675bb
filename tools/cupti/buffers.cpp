#include "buffers.h"

#include <cstdlib>

namespace datamon::cupti {
namespace {

// What CUPTI asks for is 8.
constexpr std::size_t kAlignment = 64;

}  // namespace

Buffers::~Buffers() {
  for (std::size_t i = 0; i < free_count_; ++i) std::free(free_[i]);
  for (FullBuffer full = take(); full.bytes != nullptr; full = take()) std::free(full.bytes);
}

std::uint8_t* Buffers::request() {
  const std::lock_guard lock(mutex_);
  if (free_count_ > 0) return free_[--free_count_];
  std::uint8_t* buffer = allocated_ < kMost || !may_refuse_
                             ? static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kBytes))
                             : nullptr;
  if (buffer != nullptr) ++allocated_;
  return buffer;
}

Buffers::Fate Buffers::complete(std::uint8_t* buffer, std::size_t valid_bytes) {
  const std::lock_guard lock(mutex_);
  if (buffer == nullptr) return Fate::kKept;
  if (full_count_ == kMost) return Fate::kNotKept;
  full_[(full_first_ + full_count_++) % kMost] = {buffer, valid_bytes};
  return full_count_ >= kMost / 8 ? Fate::kKeptLookSoon : Fate::kKept;
}

void Buffers::discard(std::uint8_t* buffer) {
  std::free(buffer);
  const std::lock_guard lock(mutex_);
  --allocated_;
}

FullBuffer Buffers::take() {
  const std::lock_guard lock(mutex_);
  if (full_count_ == 0) return {};
  const FullBuffer buffer = full_[full_first_];
  full_first_ = (full_first_ + 1) % kMost;
  --full_count_;
  return buffer;
}

void Buffers::give_back(std::uint8_t* buffer) {
  {
    const std::lock_guard lock(mutex_);
    if (free_count_ < kMost && allocated_ <= kMost) {
      free_[free_count_++] = buffer;
      return;
    }
  }
  discard(buffer);
}

}  // namespace datamon::cupti
