#include "jpeg_writer.h"

// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <cstdlib>

namespace datamon::pipeline::test {
namespace {

// EXIF with one entry: orientation 6 (turn right by 90 degrees).
constexpr std::uint8_t kExif[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                  1,   18,  0,   3,   0, 0, 0,   1,   0, 6,  0, 0, 0, 0, 0, 0};

std::vector<std::uint8_t> row_of(const JpegKind& kind, int y) {
  std::vector<std::uint8_t> row;
  std::uint32_t noise = kind.seed * 2654435761u + static_cast<std::uint32_t>(y) * 40503u;
  for (int x = 0; x < kind.width; ++x) {
    for (int c = 0; c < kind.components; ++c) {
      noise = noise * 1664525u + 1013904223u;
      const auto slope = static_cast<unsigned>(x * (c + 1) + y * (3 - c)) * (kind.seed % 7 + 1);
      row.push_back(static_cast<std::uint8_t>(slope / 4 + (noise >> 28)));
    }
  }
  return row;
}

void set_up(jpeg_compress_struct& jpeg, const JpegKind& kind) {
  jpeg.image_width = static_cast<JDIMENSION>(kind.width);
  jpeg.image_height = static_cast<JDIMENSION>(kind.height);
  jpeg.input_components = kind.components;
  jpeg.in_color_space = kind.components == 1   ? JCS_GRAYSCALE
                        : kind.components == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kind.quality, TRUE);
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  jpeg.arith_code = kind.arithmetic ? TRUE : FALSE;
}

}  // namespace

std::vector<std::uint8_t> make_jpeg(const JpegKind& kind) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long bytes = 0;
  jpeg_mem_dest(&jpeg, &memory, &bytes);
  set_up(jpeg, kind);
  jpeg_start_compress(&jpeg, TRUE);
  if (kind.rotated_by_exif) jpeg_write_marker(&jpeg, JPEG_APP0 + 1, kExif, sizeof kExif);
  for (int y = 0; y < kind.height; ++y) {
    std::vector<std::uint8_t> row = row_of(kind, y);
    JSAMPROW rows[] = {row.data()};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::vector<std::uint8_t> file(memory, memory + bytes);
  jpeg_destroy_compress(&jpeg);
  std::free(memory);
  return file;
}

}  // namespace datamon::pipeline::test
