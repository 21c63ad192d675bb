// Writes real JPEGs for tests with libjpeg.
#pragma once

#include <cstdint>
#include <vector>

namespace datamon::pipeline::test {

struct JpegKind {
  int width = 96;
  int height = 72;
  int components = 3;  // 1 grey, 3 colour, 4 CMYK
  int quality = 90;
  bool progressive = false;
  bool arithmetic = false;
  bool rotated_by_exif = false;
  unsigned seed = 1;  // of the picture
};

// A picture of gradients and noise, different for each seed.
std::vector<std::uint8_t> make_jpeg(const JpegKind& kind);

}  // namespace datamon::pipeline::test
