#include "pipeline/ops/jpeg_errors.h"

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace datamon::pipeline {
namespace {

ImageError::Kind kind_of(int code) {
  switch (code) {
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JWRN_JPEG_EOF:
      return ImageError::Kind::truncated;
    case JERR_NO_SOI:
      return ImageError::Kind::not_jpeg;
#if JPEG_LIB_VERSION < 70  // with libjpeg 8's interface (Ubuntu) there is no such code
    case JERR_ARITH_NOTIMPL:
#endif
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return ImageError::Kind::unsupported;
    case JERR_IMAGE_TOO_BIG:
    case JERR_OUT_OF_MEMORY:
    case JERR_WIDTH_OVERFLOW:
      return ImageError::Kind::too_large;
    default:
      return ImageError::Kind::corrupt;
  }
}

bool is_harmless(int code) {
  switch (code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    default:
      return false;
  }
}

}  // namespace

jpeg_error_mgr* JpegErrors::manager(bool tolerate_damage) {
  static_assert(std::is_standard_layout_v<JpegErrors>);
  tolerate_damage_ = tolerate_damage;
  jpeg_std_error(&manager_);
  manager_.error_exit = on_error;
  manager_.emit_message = on_message;
  manager_.output_message = on_output;
  return &manager_;
}

ImageError JpegErrors::describe(const char* stage) const {
  return {kind_, std::string(text_) + " (while " + stage + ")"};
}

void JpegErrors::fail(ImageError::Kind kind, const char* text) {
  kind_ = kind;
  std::strncpy(text_, text, sizeof text_ - 1);
  longjmp(target_, 1);
}

void JpegErrors::on_error(j_common_ptr cinfo) {
  auto* self = reinterpret_cast<JpegErrors*>(cinfo->err);
  self->kind_ = kind_of(cinfo->err->msg_code);
  cinfo->err->format_message(cinfo, self->text_);
  longjmp(self->target_, 1);
}

void JpegErrors::on_message(j_common_ptr cinfo, int level) {
  const auto* self = reinterpret_cast<JpegErrors*>(cinfo->err);
  const bool warning = level < 0;
  if (warning && !self->tolerate_damage_ && !is_harmless(cinfo->err->msg_code)) {
    on_error(cinfo);
  }
}

void JpegErrors::on_output(j_common_ptr) {}

}  // namespace datamon::pipeline
