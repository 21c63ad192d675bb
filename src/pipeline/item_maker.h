// Makes one sample: read, decode the crop, resize, flip and normalise it into its place in a batch.
// With a GPU backend it stops at the cut and puts what the GPU goes on with into the batch's arena.
//
// Ownership: refers to source, options, clock and control, which must outlive it; owns its buffers.
// Thread-safety: none; one per worker. Errors: make() returns why an item cannot be used.
// Allocates nothing once it has met the largest image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/gpu/cut_space.h"
#include "pipeline/lane.h"
#include "pipeline/ops/jpeg_decoder.h"
#include "pipeline/ops/normalise.h"
#include "pipeline/ops/random.h"
#include "pipeline/ops/resize.h"
#include "pipeline/options.h"
#include "pipeline/read_buffer.h"
#include "pipeline/slots.h"
#include "pipeline/source.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

class ItemMaker {
 public:
  ItemMaker(const Source& source, const PipelineOptions& options, StageClock& clock,
            Control& control);

  // Makes the item as it looks in this epoch. Returns "" or why it cannot be used.
  std::string make(std::uint32_t item, std::uint64_t epoch, std::byte* to);

  // Brings the item at `place` of a slot to the cut. Returns "" or why it cannot be used.
  std::string cut(std::uint32_t place, const Slot& slot, gpu::CutSpace& space);

  // Bytes of the buffers held.
  std::size_t memory_bytes() const;

 private:
  std::string read(std::uint32_t item, bool slow);
  std::string decode(std::uint32_t item, Random& random, bool slow, ImageView& crop);
  std::string cut_to_arena(std::uint32_t place, const Slot& slot, gpu::CutSpace& space);
  void put_pixels(std::uint32_t place, ImageView crop, const Slot& slot, gpu::CutSpace& space);
  bool put_file(std::uint32_t place, const ImageInfo& info, const CropBox& box, const Slot& slot,
                gpu::CutSpace& space);
  void transform(std::uint32_t item, const ImageView& crop, Random& random, std::byte* to);

  const Source& source_;
  const PipelineOptions& options_;
  StageClock& clock_;
  Control& control_;
  ReadBuffer buffer_;
  JpegDecoder decoder_;
  Resizer resizer_;
  Normaliser normaliser_;
};

}  // namespace datamon::pipeline
