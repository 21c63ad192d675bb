// The fused kernel's body: crop, antialiased bilinear resize, flip, convert, normalise, layout.
//
// A block makes `tile_rows` rows of one sample: the input rows that they need pass through the
// horizontal filter into shared memory, from there through the vertical one into shared memory,
// and from there, normalised, into the output. Pixels are rounded to 8 bits after either pass, as
// Pillow does. Where not even one row fits into shared memory, and where Pillow goes vertically
// first, each thread makes whole pixels by itself (slow, but rare).
#pragma once

#include <cstring>

#include "pipeline/gpu/sample_task.h"
#include "pipeline/gpu/store.h"
#include "pipeline/ops/resize_arithmetic.h"

namespace datamon::pipeline::gpu {

// Bytes between rows in shared memory: whole words.
DATAMON_HOST_DEVICE inline int shared_row_bytes(int width) {
  return (width * kChannels + 3) / 4 * 4;
}

// The input rows that output rows [from, to) need: [first, last).
struct RowRange {
  int first;
  int last;
};
DATAMON_HOST_DEVICE inline RowRange input_rows(const AxisWeights& axis, int from, int to) {
  return {axis.first[from], axis.first[to - 1] + axis.count[to - 1]};
}

// The word that starts at `bytes`, which need not be aligned: made from the two aligned ones.
class ByteStream {
 public:
  DATAMON_HOST_DEVICE explicit ByteStream(const std::uint8_t* bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes);
    word_ = reinterpret_cast<const std::uint32_t*>(address & ~std::uintptr_t{3});
    shift_ = static_cast<unsigned>(address & 3) * 8;
    current_ = *word_;
  }
  DATAMON_HOST_DEVICE std::uint32_t next() {
    const std::uint32_t low = current_;
    current_ = *++word_;
    return static_cast<std::uint32_t>((std::uint64_t{current_} << 32 | low) >> shift_);
  }

 private:
  const std::uint32_t* word_;
  unsigned shift_;
  std::uint32_t current_;
};

DATAMON_HOST_DEVICE inline std::int32_t byte_of(std::uint32_t word, int byte) {
  return static_cast<std::int32_t>(word >> (8 * byte) & 255U);
}

// Adds four weighted pixels (twelve bytes) to the sums of the three channels.
DATAMON_HOST_DEVICE inline void add_four_pixels(ByteStream& stream, const std::int32_t* weights,
                                                std::int32_t* sums) {
  const std::uint32_t a = stream.next(), b = stream.next(), c = stream.next();
  sums[0] += weights[0] * byte_of(a, 0) + weights[1] * byte_of(a, 3) + weights[2] * byte_of(b, 2) +
             weights[3] * byte_of(c, 1);
  sums[1] += weights[0] * byte_of(a, 1) + weights[1] * byte_of(b, 0) + weights[2] * byte_of(b, 3) +
             weights[3] * byte_of(c, 2);
  sums[2] += weights[0] * byte_of(a, 2) + weights[1] * byte_of(b, 1) + weights[2] * byte_of(c, 0) +
             weights[3] * byte_of(c, 3);
}

// One pixel of the horizontal pass over a row; `steps`: groups of four taps.
DATAMON_HOST_DEVICE inline void filter_pixel(const std::uint8_t* taps, const std::int32_t* weights,
                                             int steps, std::uint8_t* rgb) {
  std::int32_t sums[kChannels] = {kWeightHalf, kWeightHalf, kWeightHalf};
  ByteStream stream(taps);
  for (int step = 0; step < steps; ++step) add_four_pixels(stream, weights + 4 * step, sums);
  for (int c = 0; c < kChannels; ++c) rgb[c] = round_and_clip(sums[c]);
}

// The horizontal pass of one output column over rows [first, last), into shared memory. With few
// taps the weights stay in registers.
template <int Steps>
DATAMON_HOST_DEVICE inline void filter_column_of(const SampleTask& task, int x, RowRange rows,
                                                 std::uint8_t* out, int pitch) {
  const std::int32_t* from = task.horizontal.weights + x * task.horizontal.capacity;
  std::int32_t weights[4 * Steps];
  for (int i = 0; i < 4 * Steps; ++i) weights[i] = from[i];
  const std::uint8_t* taps =
      task.pixels + rows.first * task.stride + task.horizontal.first[x] * kChannels;
  for (int row = rows.first; row < rows.last; ++row, taps += task.stride, out += pitch) {
    filter_pixel(taps, weights, Steps, out + x * kChannels);
  }
}

DATAMON_HOST_DEVICE inline void filter_column(const SampleTask& task, int x, RowRange rows,
                                              std::uint8_t* out, int pitch) {
  const AxisWeights& axis = task.horizontal;
  const int steps = (axis.count[x] + 3) / 4;
  if (steps == 1) return filter_column_of<1>(task, x, rows, out, pitch);
  if (steps == 2) return filter_column_of<2>(task, x, rows, out, pitch);
  const std::uint8_t* taps = task.pixels + rows.first * task.stride + axis.first[x] * kChannels;
  for (int row = rows.first; row < rows.last; ++row, taps += task.stride, out += pitch) {
    filter_pixel(taps, axis.weights + x * axis.capacity, steps, out + x * kChannels);
  }
}

// Four neighbouring bytes of the vertical pass: `in` is their word in the first row, rows are
// `pitch` bytes apart.
DATAMON_HOST_DEVICE inline std::uint32_t filter_word(const std::uint8_t* in, int pitch,
                                                     const std::int32_t* weights, int count) {
  std::int32_t sums[4] = {kWeightHalf, kWeightHalf, kWeightHalf, kWeightHalf};
  for (int j = 0; j < count; ++j, in += pitch) {
    const std::uint32_t word = *reinterpret_cast<const std::uint32_t*>(in);
    for (int b = 0; b < 4; ++b) sums[b] += weights[j] * byte_of(word, b);
  }
  std::uint32_t result = 0;
  for (int b = 0; b < 4; ++b) result |= std::uint32_t{round_and_clip(sums[b])} << (8 * b);
  return result;
}

// Rows [from, to) of a sample by way of shared memory, which holds the filtered input rows and
// then the finished rows.
template <typename Block>
DATAMON_HOST_DEVICE void make_tile(const Block& block, const SampleTask& task, int sample, int from,
                                   int to, const OutputSpec& output) {
  const RowRange rows = input_rows(task.vertical, from, to);
  const int pitch = shared_row_bytes(output.width);
  std::uint8_t* const filtered = block.shared();
  std::uint8_t* const finished = filtered + (rows.last - rows.first) * pitch;
  block.parallel([&](int thread, int threads) {
    for (int x = thread; x < output.width; x += threads) {
      filter_column(task, x, rows, filtered, pitch);
    }
  });
  block.parallel([&](int thread, int threads) {
    const int words = pitch / 4;
    for (int i = thread; i < words * (to - from); i += threads) {
      const int row = i / words;
      const int at = (i - row * words) * 4;
      const int y = from + row;
      const std::uint8_t* in = filtered + (task.vertical.first[y] - rows.first) * pitch + at;
      *reinterpret_cast<std::uint32_t*>(finished + row * pitch + at) = filter_word(
          in, pitch, task.vertical.weights + y * task.vertical.capacity, task.vertical.count[y]);
    }
  });
  block.parallel([&](int thread, int threads) {
    for (int i = thread; i < output.width * (to - from); i += threads) {
      const int row = i / output.width;
      const int x = i - row * output.width;
      store_pixel(output, sample, x, from + row, task.flip != 0,
                  finished + row * pitch + x * kChannels);
    }
  });
}

// One pixel straight from the input, in Pillow's usual order: rows filtered, then summed.
DATAMON_HOST_DEVICE inline void make_pixel(const SampleTask& task, int x, int y,
                                           std::uint8_t* rgb) {
  const AxisWeights& h = task.horizontal;
  const AxisWeights& v = task.vertical;
  const std::uint8_t* taps =
      task.pixels + v.first[y] * task.stride + std::int64_t{h.first[x]} * kChannels;
  std::int32_t sums[kChannels] = {kWeightHalf, kWeightHalf, kWeightHalf};
  for (int j = 0; j < v.count[y]; ++j, taps += task.stride) {
    std::uint8_t filtered[kChannels];
    filter_pixel(taps, h.weights + std::int64_t{x} * h.capacity, (h.count[x] + 3) / 4, filtered);
    for (int c = 0; c < kChannels; ++c) {
      sums[c] += v.weights[std::int64_t{y} * v.capacity + j] * filtered[c];
    }
  }
  for (int c = 0; c < kChannels; ++c) rgb[c] = round_and_clip(sums[c]);
}

// The same, columns first: what Pillow does to very tall images.
DATAMON_HOST_DEVICE inline void make_tall_pixel(const SampleTask& task, int x, int y,
                                                std::uint8_t* rgb) {
  const AxisWeights& h = task.horizontal;
  const AxisWeights& v = task.vertical;
  const std::uint8_t* taps =
      task.pixels + v.first[y] * task.stride + std::int64_t{h.first[x]} * kChannels;
  std::int32_t sums[kChannels] = {kWeightHalf, kWeightHalf, kWeightHalf};
  for (int i = 0; i < h.count[x]; ++i, taps += kChannels) {
    for (int c = 0; c < kChannels; ++c) {
      std::int32_t column = kWeightHalf;
      for (int j = 0; j < v.count[y]; ++j) {
        column += v.weights[std::int64_t{y} * v.capacity + j] * taps[j * task.stride + c];
      }
      sums[c] += h.weights[std::int64_t{x} * h.capacity + i] * round_and_clip(column);
    }
  }
  for (int c = 0; c < kChannels; ++c) rgb[c] = round_and_clip(sums[c]);
}

template <typename Block>
DATAMON_HOST_DEVICE void make_pixels(const Block& block, const SampleTask& task, int sample,
                                     int from, int to, const OutputSpec& output) {
  const bool tall = resizes_vertically_first(task.width, task.height, output.height);
  block.parallel([&](int thread, int threads) {
    for (int i = thread; i < output.width * (to - from); i += threads) {
      const int y = from + i / output.width;
      const int x = i % output.width;
      std::uint8_t rgb[kChannels];
      tall ? make_tall_pixel(task, x, y, rgb) : make_pixel(task, x, y, rgb);
      store_pixel(output, sample, x, y, task.flip != 0, rgb);
    }
  });
}

// How many output rows a block makes that needs no shared memory.
inline constexpr int kDirectRows = 8;

// What block `tile` of sample `sample` does; nothing when the sample has fewer tiles.
template <typename Block>
DATAMON_HOST_DEVICE void transform_tile(const Block& block, const SampleTask& task, int sample,
                                        int tile, const OutputSpec& output) {
  const int rows = task.tile_rows > 0 ? task.tile_rows : kDirectRows;
  const int from = tile * rows;
  if (from >= output.height) return;
  const int to = from + rows < output.height ? from + rows : output.height;
  if (task.tile_rows > 0) {
    make_tile(block, task, sample, from, to, output);
  } else {
    make_pixels(block, task, sample, from, to, output);
  }
}

// Fills in one axis' weights, a thread an output.
template <typename Block>
DATAMON_HOST_DEVICE void make_weights(const Block& block, const AxisWeights& axis, int input_size,
                                      int output_size) {
  block.parallel([&](int thread, int threads) {
    for (int output = thread; output < output_size; output += threads) {
      std::int32_t* weights = axis.weights + std::int64_t{output} * axis.capacity;
      const Taps taps = write_taps(input_size, output_size, output, weights);
      for (int i = taps.count; i < axis.capacity; ++i) weights[i] = 0;
      axis.first[output] = taps.first;
      axis.count[output] = taps.count;
    }
  });
}

}  // namespace datamon::pipeline::gpu
