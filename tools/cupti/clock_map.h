// Times of CUPTI's clock as ticks of the recording's, from readings of both made
// at the same moments: between two readings by interpolation (a wall clock that is
// being slewed changes its rate), outside of them at the rate of the nearest two.
//
// Not thread-safe. Never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace datamon::cupti {

class ClockMap {
 public:
  // Readings in order. One that goes back is a clock that was set: what was before
  // is forgotten, but for the rate.
  void add(std::uint64_t cupti_ns, std::uint64_t ticks);

  // Both clocks' rates are known.
  bool ready() const { return ticks_per_ns_ > 0; }

  // 0 if not ready.
  std::uint64_t ticks(std::uint64_t cupti_ns) const;

 private:
  struct Pair {
    std::uint64_t ns, ticks;
  };
  // At four readings a second, the last half-minute: records are not older.
  static constexpr std::size_t kMost = 128;

  const Pair& at(std::size_t i) const { return pairs_[(first_ + i) % kMost]; }

  std::array<Pair, kMost> pairs_{};
  std::size_t first_ = 0, count_ = 0;
  double ticks_per_ns_ = 0;  // of the latest two readings far enough apart
};

}  // namespace datamon::cupti
