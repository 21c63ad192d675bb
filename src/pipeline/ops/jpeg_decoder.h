// JPEG files to RGB pixels, only as much of them as a crop needs.
//
// Promise: the pixels of a box equal, bit for bit, that part of the whole decoded image (libjpeg's
// accurate integer DCT and smooth chroma upsampling: what Pillow's Image.open().convert("RGB")
// gives). Grey images become RGB; CMYK and YCCK are read as Adobe writes them (inverted) and
// converted as Pillow does. As in Pillow, an EXIF orientation is not applied.
// Rows below the box are never looked at, so damage there goes unnoticed; a file without an
// end-of-image marker is an error wherever the box lies.
//
// Ownership: the decoder keeps all memory it ever needed and reuses it: decoding an image of a kind
// and size seen before allocates nothing. It refers to the bytes given to open() until the next
// open().
// Thread-safety: none; one decoder a worker thread. Different decoders are independent.
// Errors: values that name what is wrong with the file; no exceptions, nothing printed. After an
// error the decoder is ready for the next open().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "pipeline/ops/image.h"

namespace datamon::pipeline {

struct ImageInfo {
  int width = 0;
  int height = 0;
  int components = 0;  // 1 grey, 3 colour, 4 CMYK or YCCK
  bool progressive = false;
  bool arithmetic = false;  // arithmetic-coded instead of Huffman-coded
  bool rgb = false;         // three components that are not YCbCr
};

struct JpegLimits {
  // Twice Pillow's MAX_IMAGE_PIXELS, where Pillow raises DecompressionBombError.
  std::int64_t max_pixels = 178'956'970;
  // What libjpeg may hold for one image (a progressive one needs 2 bytes a coefficient).
  std::size_t max_working_bytes = std::size_t{1} << 30;
  // A progressive file of a few kB can ask for thousands of passes over a large image.
  int max_scans = 500;
  // Missing or broken data is filled in grey instead of being an error, as Pillow does with
  // LOAD_TRUNCATED_IMAGES.
  bool tolerate_damage = false;
  // Decode the usual kind of file with our own Huffman decoder, which is faster than libjpeg's and
  // gives the same coefficients. Off only to compare them.
  bool own_huffman_decoder = true;
};

class JpegDecoder {
 public:
  explicit JpegDecoder(const JpegLimits& limits = {});
  ~JpegDecoder();
  JpegDecoder(JpegDecoder&&) noexcept;
  JpegDecoder& operator=(JpegDecoder&&) noexcept;

  // Reads the header. The bytes must stay as they are until the next open().
  Result<ImageInfo> open(std::span<const std::byte> file);

  // The pixels of the box. They stay valid until the next open() or decode(). May be called again
  // for another box of the same file (the file is then read from its start).
  // Precondition: the latest open() succeeded.
  Result<ImageView> decode(const CropBox& box);

  // Bytes of memory held.
  std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datamon::pipeline
