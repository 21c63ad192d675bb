// Memory that an item's bytes are read into, used again for every item: it grows to the largest
// item met and is never given back, so reading allocates nothing once warm.
//
// Thread-safety: none; one per worker. Ownership: owns the memory; bytes() is valid until the next
// reserve().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace datamon::pipeline {

class ReadBuffer {
 public:
  // Makes room for `bytes`; what was there is gone if it had to grow.
  std::uint8_t* reserve(std::size_t bytes) {
    if (bytes > capacity_) {
      capacity_ = bytes + bytes / 4;
      memory_ = std::make_unique_for_overwrite<std::uint8_t[]>(capacity_);
    }
    size_ = 0;
    return memory_.get();
  }
  void set_size(std::size_t bytes) { size_ = bytes; }
  std::span<const std::uint8_t> bytes() const { return {memory_.get(), size_}; }
  std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace datamon::pipeline
