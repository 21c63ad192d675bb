// Scratch memory for vector code: aligned to cache lines, grows, never shrinks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace datamon::pipeline {

class AlignedBuffer {
 public:
  // Room for so many bytes. What was in it is lost when it grows.
  std::uint8_t* reserve(std::size_t bytes) {
    const std::size_t lines = (bytes + kLineBytes - 1) / kLineBytes;
    if (lines_.size() < lines) {
      lines_.clear();
      lines_.resize(lines);
    }
    return data();
  }

  std::uint8_t* data() { return lines_.data()->bytes; }
  const std::uint8_t* data() const { return lines_.data()->bytes; }
  std::size_t capacity_bytes() const { return lines_.size() * kLineBytes; }

  // The memory as an array of plain structs of whole cache lines or fractions of one.
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data());
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data());
  }

 private:
  static constexpr std::size_t kLineBytes = 64;
  struct alignas(kLineBytes) Line {
    std::uint8_t bytes[kLineBytes];
  };
  std::vector<Line> lines_;
};

}  // namespace datamon::pipeline
