#include "pipeline/ops/cmyk.h"

#include <algorithm>

namespace datamon::pipeline {
namespace {

// Pillow's MULDIV255: a * b / 255, rounded.
int multiply_255(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

std::uint8_t mix(int ink, int light) {
  return static_cast<std::uint8_t>(std::clamp(light - multiply_255(ink, light), 0, 255));
}

}  // namespace

void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const int cyan = 255 - cmyk[0];
    const int magenta = 255 - cmyk[1];
    const int yellow = 255 - cmyk[2];
    const int light = cmyk[3];
    rgb[0] = mix(cyan, light);
    rgb[1] = mix(magenta, light);
    rgb[2] = mix(yellow, light);
    cmyk += 4;
    rgb += 3;
  }
}

}  // namespace datamon::pipeline
