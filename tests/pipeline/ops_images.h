// JPEGs for tests, made by libjpeg in every way that it can write them, and its plain decoding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/ops/image.h"

namespace datamon::pipeline::test {

// How a JPEG is written.
struct JpegWay {
  std::string name;
  int components = 3;    // 1 grey, 3 YCbCr, 4 CMYK as Adobe writes it
  int h[3] = {2, 1, 1};  // sampling factors
  int v[3] = {2, 1, 1};
  bool progressive = false;
  bool arithmetic = false;
  bool separate_scans = false;  // a scan for each component
  int restart_interval = 0;     // in MCUs
  int quality = 90;
  bool optimise = false;  // Huffman tables made for the image
};

// Every combination that is worth telling apart.
std::vector<JpegWay> all_jpeg_kinds();

// A picture with smooth parts, edges and noise; the same for the same arguments.
std::vector<std::uint8_t> make_picture(int width, int height, int components, unsigned seed);

std::vector<std::byte> encode(const JpegWay& kind, int width, int height, unsigned seed);

// Full decoding to RGB as a program straight from libjpeg's manual does it (grey and colour only).
std::vector<std::uint8_t> decode_plainly(const std::vector<std::byte>& file);

// The rows of a view, one after the other.
std::vector<std::uint8_t> packed(const ImageView& view);

}  // namespace datamon::pipeline::test
