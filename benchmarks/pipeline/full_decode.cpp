// What libjpeg-turbo's plain full decode needs for all JPEGs of a folder: the yardstick of the
// whole recipe.
//
//   datamon-full-decode FOLDER PASSES     prints {"images", "wall_s", "cpu_s"} of all passes
//
// The files are read into memory first; the decoder's settings are libjpeg's defaults, the pixels
// go into one buffer that is used again.
#include <cstdio>
// clang-format off
#include <jpeglib.h>
// clang-format on
#include <time.h>

#include <cstdlib>
#include <vector>

#include "pipeline/source.h"

namespace {

using namespace datamon::pipeline;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void decode(jpeg_decompress_struct& jpeg, const std::vector<std::uint8_t>& file,
            std::vector<std::uint8_t>& pixels) {
  jpeg_mem_src(&jpeg, file.data(), file.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  const std::size_t row_bytes = std::size_t{jpeg.output_width} * 3;
  if (pixels.size() < row_bytes * jpeg.output_height) pixels.resize(row_bytes * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels.data() + row_bytes * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
}

std::vector<std::vector<std::uint8_t>> read_all(const Source& source) {
  std::vector<std::vector<std::uint8_t>> files;
  ReadBuffer buffer;
  for (std::size_t i = 0; i < source.size(); ++i)
    if (source.read(i, buffer).empty())
      files.emplace_back(buffer.bytes().begin(), buffer.bytes().end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: datamon-full-decode FOLDER PASSES\n", stderr);
    return 2;
  }
  const auto files = read_all(*Source::open(argv[1]));
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  std::vector<std::uint8_t> pixels;
  for (const auto& file : files) decode(jpeg, file, pixels);  // warm
  const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  const int passes = std::atoi(argv[2]);
  for (int pass = 0; pass < passes; ++pass)
    for (const auto& file : files) decode(jpeg, file, pixels);
  std::printf("{\"images\": %zu, \"wall_s\": %.6f, \"cpu_s\": %.6f}\n",
              files.size() * static_cast<std::size_t>(passes), seconds(CLOCK_MONOTONIC) - wall,
              seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  jpeg_destroy_decompress(&jpeg);
  return 0;
}
