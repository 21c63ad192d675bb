// One item at the cut between CPU and GPU: what a worker hands over when the rest of the recipe
// runs on the GPU. Its bytes lie in the batch's arena.
//
// Thread-safety: plain data; crosses process boundaries, so it holds no pointers.
#pragma once

#include <cstdint>

#include "pipeline/ops/image.h"

namespace datamon::pipeline::gpu {

enum class CutKind : std::uint32_t {
  pixels,  // the crop's pixels, interleaved RGB, rows dense
  file,    // the JPEG as it was read; the GPU decodes it
};

struct CutItem {
  CutKind kind = CutKind::pixels;
  std::uint32_t owner = 0;   // the place in the batch whose bytes these are: its own, or that of
                             // the item that stands in for it
  std::uint64_t offset = 0;  // in the arena
  std::uint64_t bytes = 0;
  std::uint64_t frame_offset = 0;  // file: where the decoded image goes, in the batch's frames
  std::int32_t image_width = 0;    // file: of the whole image
  std::int32_t image_height = 0;
  CropBox box;  // in the image; of pixels: all of them
  std::int32_t flip = 0;
};

}  // namespace datamon::pipeline::gpu
