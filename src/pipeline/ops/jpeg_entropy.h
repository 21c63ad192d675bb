// The Huffman decoder that takes the place of libjpeg's for baseline files of one scan without
// restart markers: nearly all photographs. It knows which columns of the image are wanted: the
// coefficients of the others are passed over, not stored, and one look-up decodes a coefficient
// where libjpeg needs two.
//
// Promise: the coefficients, and so the pixels, are libjpeg's. Broken data is an error (through
// cinfo->err): never used with JpegLimits::tolerate_damage.
// It is put in through libjpeg-turbo's jpegint.h; where that is not installed, or libjpeg is not
// libjpeg-turbo, libjpeg's decoder stays.
// Thread-safety: none; one a decompressor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "pipeline/ops/huffman_table.h"
#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline {

class JpegEntropy {
 public:
  JpegEntropy();
  ~JpegEntropy();

  // Takes over the decoding of the scan that starts, if it is of the right kind; the pixels of
  // columns outside [first_column, first_column + columns) need not be right afterwards. Call it
  // after jpeg_crop_scanline and before the first row is read or skipped. It lasts until the
  // decompressor is aborted.
  // Precondition: an end-of-image marker lies before the end of the input.
  void take_over(j_decompress_ptr cinfo, JDIMENSION first_column, JDIMENSION columns);

 private:
  struct Decoder;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace datamon::pipeline
