// libjpeg's input from memory. Unlike jpeg_mem_src, the end of the bytes is an error unless damage
// is tolerated.
//
// Ownership: refers to the caller's bytes. Thread-safety: none; one a decompressor.
#pragma once

#include <cstddef>
#include <span>

#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline {

class JpegSource {
 public:
  // The source reads from the start of the bytes again.
  void attach(j_decompress_ptr cinfo, std::span<const std::byte> bytes, bool tolerate_end);

  // Whether what has not been read yet holds an end-of-image marker.
  bool has_end_of_image() const;

 private:
  static void on_event(j_decompress_ptr cinfo);
  static boolean on_end(j_decompress_ptr cinfo);
  static void on_skip(j_decompress_ptr cinfo, long count);

  // First member: libjpeg hands back a pointer to it.
  jpeg_source_mgr manager_{};
  bool tolerate_end_ = false;
};

}  // namespace datamon::pipeline
