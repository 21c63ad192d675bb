// CMYK as JPEG files hold it to RGB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace datamon::pipeline {

// Adobe's programs store CMYK inverted (255 is no ink), and Pillow reads every CMYK JPEG that way.
// The arithmetic is that of Pillow's convert("RGB"). In place is allowed: rgb may equal cmyk.
void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, std::size_t pixels);

}  // namespace datamon::pipeline
