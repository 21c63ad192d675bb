// Resizing exactly as Pillow's Image.resize(size, BILINEAR) does: antialiased, horizontally first,
// rounded to 8 bits between the two passes. This is what torchvision does to PIL images.
//
// Ownership: owns the weights and the rows between the passes and reuses them; sizes seen before
// allocate nothing.
// Thread-safety: none; one resizer a worker thread.
#pragma once

#include <cstdint>
#include <memory>

#include "pipeline/ops/image.h"
#include "pipeline/ops/simd.h"

namespace datamon::pipeline {

class Resizer {
 public:
  Resizer(int output_width, int output_height, SimdLevel level = best_simd_level());
  ~Resizer();
  Resizer(Resizer&&) noexcept;
  Resizer& operator=(Resizer&&) noexcept;

  int output_width() const;
  int output_height() const;

  // The resized image; it stays valid until the next call. The input may be of any size from 1x1;
  // up to 16 bytes behind its last pixel of each row may be read if they belong to the same view
  // (its next row), never beyond the view's last pixel.
  ImageView resize(const ImageView& input);

  std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datamon::pipeline
