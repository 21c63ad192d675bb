// What the GPU operators are told about a batch: plain structs, the same on the host and the
// device.
//
// Ownership: pointers are the caller's, to device memory (to host memory in the host's tests), and
// live until the launched work is done. Thread-safety: plain data.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/ops/image.h"
#include "pipeline/ops/normalise_arithmetic.h"

namespace datamon::pipeline::gpu {

// What one output element is, and how elements lie in memory.
enum class Element : std::uint8_t { u8, f16, f32 };  // u8 is not normalised
enum class Layout : std::uint8_t { nchw, nhwc };

constexpr std::size_t element_bytes(Element element) {
  return element == Element::u8 ? 1 : element == Element::f16 ? 2 : 4;
}

// The weights of one axis: for each output its taps, and `capacity` weights, those behind its count
// being zero.
struct AxisWeights {
  std::int32_t* first = nullptr;    // by output
  std::int32_t* count = nullptr;    // by output
  std::int32_t* weights = nullptr;  // output * capacity
  std::int32_t capacity = 0;        // a multiple of four
};

// One image of a batch: the cropped pixels, interleaved RGB.
// The kernels read whole words: up to kReadAhead bytes behind the crop's last pixel, and up to
// three before its first one, have to be readable (what they hold does not matter).
inline constexpr std::size_t kReadAhead = 32;
struct SampleTask {
  const std::uint8_t* pixels = nullptr;  // the crop's top left pixel
  std::int64_t stride = 0;               // bytes between rows
  std::int32_t width = 0;                // of the crop, pixels
  std::int32_t height = 0;
  std::int32_t flip = 0;       // 1: mirrored left to right
  std::int32_t tile_rows = 0;  // output rows that a block makes; 0: each pixel by itself
  AxisWeights horizontal;
  AxisWeights vertical;
};

// What all samples of a batch become.
struct OutputSpec {
  void* memory = nullptr;  // samples after each other, dense
  std::int32_t width = 0;
  std::int32_t height = 0;
  Element element = Element::f32;
  Layout layout = Layout::nchw;
  ChannelScale scale[kChannels];

  DATAMON_HOST_DEVICE std::int64_t sample_elements() const {
    return static_cast<std::int64_t>(width) * height * kChannels;
  }
};

}  // namespace datamon::pipeline::gpu
