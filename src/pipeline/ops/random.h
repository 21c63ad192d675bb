// The pipeline's random numbers: PCG32 (XSH-RR, O'Neill 2014) with a 64-bit state.
//
// Promise: the same seed gives the same numbers on every machine and in every version, and each
// item of each epoch has a stream of its own, so an item's crop does not depend on which worker
// prepares it or in which order.
// Thread-safety: none; one generator a thread (it is 16 bytes, make one per item).
#pragma once

#include <cstdint>

namespace datamon::pipeline {

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  // The generator of one item in one epoch of a run with this seed.
  static Random for_item(std::uint64_t seed, std::uint64_t epoch, std::uint64_t item);

  std::uint32_t next();
  // In [0, 1), all 53 bits of a double drawn.
  double uniform();
  // In [low, high).
  double uniform(double low, double high);
  // In [0, bound), without modulo bias (Lemire 2019). Precondition: bound > 0.
  std::uint32_t below(std::uint32_t bound);

 private:
  std::uint64_t state_ = 0;
  std::uint64_t increment_ = 0;
};

}  // namespace datamon::pipeline
