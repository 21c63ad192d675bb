// The memory that CUPTI writes its records into. The job's threads ask for a buffer
// inside a call of CUDA and hand it back when it is full; one thread reads them.
//
// Thread-safe; a lock is held for some instructions only. At most kMost buffers
// are out at a time: beyond that CUPTI gets none, and drops (and counts) records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace datamon::cupti {

struct FullBuffer {
  std::uint8_t* bytes = nullptr;
  std::size_t valid_bytes = 0;
};

class Buffers {
 public:
  static constexpr std::size_t kBytes = 1 << 20;
  static constexpr std::size_t kMost = 64;

  // nullptr: no memory, or too many are out.
  std::uint8_t* request();

  // From CUPTI; true if readers should look soon.
  bool complete(std::uint8_t* buffer, std::size_t valid_bytes);

  // For the reading thread: the oldest full one; bytes nullptr if there is none.
  FullBuffer take();
  void give_back(std::uint8_t* buffer);

 private:
  std::mutex mutex_;
  std::array<std::uint8_t*, kMost> free_{};
  std::array<FullBuffer, kMost> full_{};  // a ring
  std::size_t free_count_ = 0, full_first_ = 0, full_count_ = 0;
  std::size_t allocated_ = 0;
};

}  // namespace datamon::cupti
