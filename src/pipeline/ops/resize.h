// Resizing exactly as Pillow's Image.resize(size, BILINEAR) does: antialiased, horizontally first,
// rounded to 8 bits between the two passes. This is what torchvision does to PIL images.
//
// Ownership: owns the weights and the rows between the passes and reuses them; sizes seen before
// allocate nothing. begin() refers to the input until the last output_row().
// Thread-safety: none; one resizer a worker thread.
#pragma once

#include <cstdint>
#include <memory>

#include "pipeline/ops/image.h"
#include "pipeline/ops/simd.h"

namespace datamon::pipeline {

class Resizer {
 public:
  // Preconditions: both sizes > 0; this machine has the level.
  Resizer(int output_width, int output_height, SimdLevel level = best_simd_level());
  ~Resizer();
  Resizer(Resizer&&) noexcept;
  Resizer& operator=(Resizer&&) noexcept;

  int output_width() const;
  int output_height() const;

  // The resized image; it stays valid until the next call of anything. The input may have any size
  // from 1x1 on; nothing outside its rows is read.
  ImageView resize(const ImageView& input);

  // The same in steps, for callers that use up each row while it is in the cache: begin() makes the
  // horizontal pass, output_row() one row of the result, in any order. A row stays valid until the
  // next call.
  void begin(const ImageView& input);
  const std::uint8_t* output_row(int y);

  std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datamon::pipeline
