// libwebp: every call is a whole image, but for the incremental decoder, of which
// the calls are spans of their own.
#include <cstddef>
#include <cstdint>

#include "whole_calls.h"

namespace datamon::preload {

using Byte = std::uint8_t;

#define DATAMON_WEBP_TO_NEW(name)                                                \
  DATAMON_WHOLE_IMAGE(name, Byte*, nullptr,                                      \
                      (const Byte* data, size_t bytes, int* width, int* height), \
                      (data, bytes, width, height))
#define DATAMON_WEBP_INTO(name)                                                            \
  DATAMON_WHOLE_IMAGE(name, Byte*, nullptr,                                                \
                      (const Byte* data, size_t bytes, Byte* to, size_t room, int stride), \
                      (data, bytes, to, room, stride))

DATAMON_WEBP_TO_NEW(WebPDecodeRGBA)
DATAMON_WEBP_TO_NEW(WebPDecodeARGB)
DATAMON_WEBP_TO_NEW(WebPDecodeBGRA)
DATAMON_WEBP_TO_NEW(WebPDecodeRGB)
DATAMON_WEBP_TO_NEW(WebPDecodeBGR)
DATAMON_WEBP_INTO(WebPDecodeRGBAInto)
DATAMON_WEBP_INTO(WebPDecodeARGBInto)
DATAMON_WEBP_INTO(WebPDecodeBGRAInto)
DATAMON_WEBP_INTO(WebPDecodeRGBInto)
DATAMON_WEBP_INTO(WebPDecodeBGRInto)

DATAMON_WHOLE_IMAGE(WebPDecodeYUV, Byte*, nullptr,
                    (const Byte* data, size_t bytes, int* width, int* height, Byte** u, Byte** v,
                     int* stride, int* uv_stride),
                    (data, bytes, width, height, u, v, stride, uv_stride))
DATAMON_WHOLE_IMAGE(WebPDecodeYUVInto, Byte*, nullptr,
                    (const Byte* data, size_t bytes, Byte* y, size_t y_room, int y_stride, Byte* u,
                     size_t u_room, int u_stride, Byte* v, size_t v_room, int v_stride),
                    (data, bytes, y, y_room, y_stride, u, u_room, u_stride, v, v_room, v_stride))

// VP8StatusCode 2: an invalid parameter.
DATAMON_WHOLE_IMAGE(WebPDecode, int, 2, (const Byte* data, size_t bytes, void* configuration),
                    (data, bytes, configuration))
DATAMON_WHOLE_IMAGE(WebPIAppend, int, 2, (void* decoder, const Byte* data, size_t bytes),
                    (decoder, data, bytes))
DATAMON_WHOLE_IMAGE(WebPIUpdate, int, 2, (void* decoder, const Byte* data, size_t bytes),
                    (decoder, data, bytes))

// Frames of a file that may be an animation (libwebpdemux).
DATAMON_WHOLE_IMAGE(WebPAnimDecoderGetNext, int, 0, (void* decoder, Byte** to, int* timestamp),
                    (decoder, to, timestamp))

}  // namespace datamon::preload
