// libjpeg's errors and warnings as values: where its default handlers print and exit, these jump
// back to the caller and keep what happened.
//
// Thread-safety: none; one a decompressor. Functions that call setjmp(target()) must not own
// objects with destructors, because longjmp runs none.
#pragma once

#include <csetjmp>

#include "pipeline/ops/image.h"
#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline {

class JpegErrors {
 public:
  // The manager to put into jpeg_decompress_struct::err. With tolerate_damage, warnings about
  // broken data are ignored, otherwise they count as errors. Warnings about oddities that leave the
  // pixels whole (stray bytes between markers, unknown JFIF revision) are always ignored, as Pillow
  // does.
  jpeg_error_mgr* manager(bool tolerate_damage);

  // Where an error jumps to.
  jmp_buf& target() { return target_; }

  // Jumps with an error of our own. The text must be a literal.
  [[noreturn]] void fail(ImageError::Kind kind, const char* text);

  // The error that jumped. `stage` says what was being done ("reading the header").
  ImageError describe(const char* stage) const;

 private:
  static void on_error(j_common_ptr cinfo);
  static void on_message(j_common_ptr cinfo, int level);
  static void on_output(j_common_ptr cinfo);

  // First member: libjpeg hands back a pointer to it.
  jpeg_error_mgr manager_{};
  jmp_buf target_{};
  bool tolerate_damage_ = false;
  ImageError::Kind kind_ = ImageError::Kind::corrupt;
  char text_[JMSG_LENGTH_MAX] = {};
};

}  // namespace datamon::pipeline
