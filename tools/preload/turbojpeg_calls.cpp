// libturbojpeg 1 to 3: every call is a whole image.
#include <cstddef>

#include "whole_calls.h"

namespace datamon::preload {

using Handle = void*;
using Byte = unsigned char;

DATAMON_WHOLE_IMAGE(tjDecompress, int, -1,
                    (Handle handle, Byte* jpeg, unsigned long bytes, Byte* to, int width, int pitch,
                     int height, int pixel_size, int flags),
                    (handle, jpeg, bytes, to, width, pitch, height, pixel_size, flags))
DATAMON_WHOLE_IMAGE(tjDecompress2, int, -1,
                    (Handle handle, const Byte* jpeg, unsigned long bytes, Byte* to, int width,
                     int pitch, int height, int format, int flags),
                    (handle, jpeg, bytes, to, width, pitch, height, format, flags))
DATAMON_WHOLE_IMAGE(tjDecompressToYUV, int, -1,
                    (Handle handle, Byte* jpeg, unsigned long bytes, Byte* to, int flags),
                    (handle, jpeg, bytes, to, flags))
DATAMON_WHOLE_IMAGE(tjDecompressToYUV2, int, -1,
                    (Handle handle, const Byte* jpeg, unsigned long bytes, Byte* to, int width,
                     int align, int height, int flags),
                    (handle, jpeg, bytes, to, width, align, height, flags))
DATAMON_WHOLE_IMAGE(tjDecompressToYUVPlanes, int, -1,
                    (Handle handle, const Byte* jpeg, unsigned long bytes, Byte** to, int width,
                     int* strides, int height, int flags),
                    (handle, jpeg, bytes, to, width, strides, height, flags))
DATAMON_WHOLE_IMAGE(tj3Decompress8, int, -1,
                    (Handle handle, const Byte* jpeg, size_t bytes, Byte* to, int pitch,
                     int format),
                    (handle, jpeg, bytes, to, pitch, format))
DATAMON_WHOLE_IMAGE(tj3Decompress12, int, -1,
                    (Handle handle, const Byte* jpeg, size_t bytes, short* to, int pitch,
                     int format),
                    (handle, jpeg, bytes, to, pitch, format))
DATAMON_WHOLE_IMAGE(tj3Decompress16, int, -1,
                    (Handle handle, const Byte* jpeg, size_t bytes, unsigned short* to, int pitch,
                     int format),
                    (handle, jpeg, bytes, to, pitch, format))
DATAMON_WHOLE_IMAGE(tj3DecompressToYUV8, int, -1,
                    (Handle handle, const Byte* jpeg, size_t bytes, Byte* to, int align),
                    (handle, jpeg, bytes, to, align))
DATAMON_WHOLE_IMAGE(tj3DecompressToYUVPlanes8, int, -1,
                    (Handle handle, const Byte* jpeg, size_t bytes, Byte** to, int* strides),
                    (handle, jpeg, bytes, to, strides))

}  // namespace datamon::preload
