// A batch as the consumer sees it, and what went wrong while it was made.
//
// Ownership: a Batch is a view of one of the loader's slots, valid until the next call of next().
// Thread-safety: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "pipeline/gpu/cut_item.h"
#include "pipeline/options.h"

namespace datamon::pipeline {

// Why one item could not be used. Plain bytes, as it crosses process boundaries.
struct ItemFailure {
  std::uint32_t item = 0;  // its number in the source
  std::uint32_t reason_bytes = 0;
  char reason[120] = {};
};
ItemFailure item_failure(std::uint32_t item, std::string_view reason);

struct Batch {
  std::uint64_t number = 0;  // from 0, counts on over epochs
  std::uint64_t epoch = 0;
  std::uint32_t slot = 0;  // the loader's, that holds it
  int worker = 0;
  SampleFormat layout = SampleFormat::float32_nchw;
  int size = 0;  // width and height, pixels
  // Count images of equal size after each other. With a GPU backend: empty as long as the batch is
  // at the cut, and then those in device memory, copied to the host only for a digest.
  std::span<const std::byte> pixels;
  const void* device_pixels = nullptr;    // the images in device memory, where they are there
  std::span<const gpu::CutItem> cuts;     // at the cut: count
  std::span<const std::byte> arena;       // at the cut: their bytes
  std::span<const std::int32_t> labels;   // count
  std::span<const std::uint32_t> items;   // count: which item each image is
  std::span<const ItemFailure> failures;  // items that another one stands in for
  std::size_t count() const { return labels.size(); }
};

}  // namespace datamon::pipeline
