// libpng: an image is decoded from its first row (or png_read_image) to
// png_read_end, or to what abandons it. Errors jump out of these functions, over
// the frames here: they own nothing. The simplified interface returns always.
#include <cstddef>
#include <cstdint>

#include "whole_calls.h"

namespace datamon::preload {
namespace {

// Of the image that this thread is decoding: rows are too many to look each up.
struct RowFunctions {
  const void* png;
  void* read_row;
};
__thread RowFunctions t_rows __attribute__((tls_model("initial-exec"))) = {nullptr, nullptr};

}  // namespace

using Png = void;
using Byte = unsigned char;

#define DATAMON_REAL(name) real(#name, &datamon_preload_##name, __builtin_return_address(0))

DATAMON_STANDS_IN(png_read_row, void, (Png * png, Byte* row, Byte* display)) {
  using Function = void(Png*, Byte*, Byte*);
  if (t_rows.png == png && is_open_image(png))
    return reinterpret_cast<Function*>(t_rows.read_row)(png, row, display);
  auto* const function = DATAMON_REAL(png_read_row);
  if (function == nullptr) return;
  begin_image(png);
  t_rows = {png, reinterpret_cast<void*>(function)};
  function(png, row, display);
}

DATAMON_STANDS_IN(png_read_rows, void,
                  (Png * png, Byte** rows, Byte** display, std::uint32_t count)) {
  auto* const function = DATAMON_REAL(png_read_rows);
  if (function == nullptr) return;
  begin_image(png);
  function(png, rows, display, count);
}

// What comes behind the pixels is little, and some never read it: the image ends here.
DATAMON_STANDS_IN(png_read_image, void, (Png * png, Byte** image)) {
  auto* const function = DATAMON_REAL(png_read_image);
  if (function == nullptr) return;
  begin_image(png);
  function(png, image);
  end_image(png);
}

DATAMON_STANDS_IN(png_read_png, void, (Png * png, void* info, int transforms, void* parameters)) {
  auto* const function = DATAMON_REAL(png_read_png);
  if (function == nullptr) return;
  begin_image(png);
  function(png, info, transforms, parameters);
  end_image(png);
}

DATAMON_STANDS_IN(png_read_end, void, (Png * png, void* info)) {
  auto* const function = DATAMON_REAL(png_read_end);
  if (function == nullptr) return;
  function(png, info);
  end_image(png);
}

DATAMON_STANDS_IN(png_destroy_read_struct, void, (Png * *png, void** info, void** end_info)) {
  const void* const object = png != nullptr ? *png : nullptr;
  if (t_rows.png == object) t_rows = {nullptr, nullptr};
  auto* const function = DATAMON_REAL(png_destroy_read_struct);
  if (function != nullptr) function(png, info, end_info);
  end_image(object);
}

DATAMON_WHOLE_IMAGE(png_image_finish_read, int, 0,
                    (void* image, const void* background, void* to, std::int32_t row_stride,
                     void* colormap),
                    (image, background, to, row_stride, colormap))

}  // namespace datamon::preload
