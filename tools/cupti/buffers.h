// The memory that CUPTI writes its records into. The job's threads ask for a buffer
// inside a call of CUDA and hand it back when it is full; one thread reads them.
//
// Small and many: since CUDA 13 each thread that calls CUDA fills one of its own, and
// CUPTI keeps one as long as it holds work that is not done, which on a busy device
// is until it is full.
//
// Thread-safe; a lock is held for some instructions only. At most kMost buffers
// are out at a time: beyond that CUPTI gets none, and drops (and counts) records.
// Before CUDA 12.9 it crashes instead: then it gets one that is not kept.
// Ownership: those that CUPTI has are not freed with the rest.
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
  static constexpr std::size_t kBytes = 128 << 10;
  static constexpr std::size_t kMost = 512;

  Buffers() = default;
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  // Before the first request: CUPTI bears to get none.
  void allow_refusal(bool allowed) { may_refuse_ = allowed; }

  // nullptr: no memory, or too many are out.
  std::uint8_t* request();

  // What becomes of a buffer that CUPTI hands back.
  enum class Fate : std::uint8_t {
    kKept,
    kKeptLookSoon,  // readers should look soon
    kNotKept,       // too many are waiting: the caller reads what it wants, then discards it
  };
  Fate complete(std::uint8_t* buffer, std::size_t valid_bytes);
  void discard(std::uint8_t* buffer);

  // For the reading thread: the oldest full one; bytes nullptr if there is none.
  FullBuffer take();
  void give_back(std::uint8_t* buffer);

 private:
  std::mutex mutex_;
  std::array<std::uint8_t*, kMost> free_{};
  std::array<FullBuffer, kMost> full_{};  // a ring
  std::size_t free_count_ = 0, full_first_ = 0, full_count_ = 0;
  std::size_t allocated_ = 0;
  bool may_refuse_ = true;
};

}  // namespace datamon::cupti
