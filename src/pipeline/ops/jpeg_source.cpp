#include "pipeline/ops/jpeg_source.h"

#include <cstring>
#include <type_traits>

namespace datamon::pipeline {
namespace {

constexpr JOCTET kEndOfImage[] = {0xFF, JPEG_EOI};

}  // namespace

void JpegSource::attach(j_decompress_ptr cinfo, std::span<const std::byte> bytes,
                        bool tolerate_end) {
  static_assert(std::is_standard_layout_v<JpegSource>);
  tolerate_end_ = tolerate_end;
  manager_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  manager_.bytes_in_buffer = bytes.size();
  manager_.init_source = on_event;
  manager_.fill_input_buffer = on_end;
  manager_.skip_input_data = on_skip;
  manager_.resync_to_restart = jpeg_resync_to_restart;
  manager_.term_source = on_event;
  cinfo->src = &manager_;
}

// Searched from the end, where it normally is. Entropy-coded data never holds FF D9.
bool JpegSource::has_end_of_image() const {
  const JOCTET* data = manager_.next_input_byte;
  std::size_t size = manager_.bytes_in_buffer;
  while (size >= sizeof kEndOfImage) {
    const auto* last = static_cast<const JOCTET*>(memrchr(data + 1, JPEG_EOI, size - 1));
    if (last == nullptr) {
      return false;
    }
    if (last[-1] == 0xFF) {
      return true;
    }
    size = static_cast<std::size_t>(last - data);
  }
  return false;
}

void JpegSource::on_event(j_decompress_ptr) {}

boolean JpegSource::on_end(j_decompress_ptr cinfo) {
  auto* self = reinterpret_cast<JpegSource*>(cinfo->src);
  if (!self->tolerate_end_) {
    ERREXIT(cinfo, JERR_INPUT_EOF);
  }
  self->manager_.next_input_byte = kEndOfImage;
  self->manager_.bytes_in_buffer = sizeof kEndOfImage;
  return TRUE;
}

void JpegSource::on_skip(j_decompress_ptr cinfo, long count) {
  jpeg_source_mgr& source = *cinfo->src;
  if (count <= 0) {
    return;
  }
  if (static_cast<std::size_t>(count) > source.bytes_in_buffer) {
    on_end(cinfo);
    return;
  }
  source.next_input_byte += count;
  source.bytes_in_buffer -= static_cast<std::size_t>(count);
}

}  // namespace datamon::pipeline
