// Answers requests about the image operators, for tests in other languages.
//
// Each line on stdin is a request of tab-separated fields; the answer on stdout is a line
// "ok COUNT" followed by that many bytes, or a line "error KIND MESSAGE".
//   info    FILE                                           width, height, components as text
//   pixels  FILE X Y WIDTH HEIGHT                          RGB bytes of the box
//   resize  FILE X Y WIDTH HEIGHT OUT_W OUT_H LEVEL        RGB bytes of the resized box
//   sample  FILE X Y WIDTH HEIGHT OUT_W OUT_H LEVEL FLIP FORMAT   the batch slot
// LEVEL is scalar, avx2, avx512, best or gpu (the GPU kernels' code, run on the CPU); FORMAT
// float32, float16 or uint8.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "host_gpu.h"
#include "pipeline/ops/jpeg_decoder.h"
#include "pipeline/ops/normalise.h"
#include "pipeline/ops/resize.h"

namespace {

using namespace datamon::pipeline;
using Fields = std::vector<std::string>;

Fields split(const std::string& line) {
  Fields fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) {
    fields.push_back(field);
  }
  return fields;
}

std::vector<char> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void answer(const void* data, std::size_t bytes) {
  std::cout << "ok " << bytes << '\n';
  std::cout.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
}

void answer(const ImageView& view) {
  std::vector<std::uint8_t> packed;
  for (int y = 0; y < view.height; ++y) {
    packed.insert(packed.end(), view.row(y), view.row(y) + view.width * kChannels);
  }
  answer(packed.data(), packed.size());
}

void answer(const ImageError& error) {
  std::cout << "error " << static_cast<int>(error.kind) << ' ' << error.message << '\n';
}

SimdLevel level_of(const std::string& name) {
  for (const SimdLevel level : {SimdLevel::scalar, SimdLevel::avx2, SimdLevel::avx512}) {
    if (name == name_of(level)) {
      return level;
    }
  }
  return best_simd_level();
}

SampleFormat format_of(const std::string& name) {
  return name == "float32"   ? SampleFormat::float32_nchw
         : name == "float16" ? SampleFormat::float16_nchw
                             : SampleFormat::uint8_nhwc;
}

void answer_sample(const Fields& fields, const ImageView& resized, SimdLevel level) {
  const SampleFormat format = format_of(fields.at(10));
  std::vector<char> slot(sample_bytes(format, resized.width, resized.height) + 64);
  const Normaliser normaliser({}, level);
  normaliser.write(resized, fields.at(9) == "1",
                   {slot.data(), format, resized.width, resized.height});
  answer(slot.data(), slot.size() - 64);
}

// resize and sample, by the GPU's way.
void answer_gpu(const Fields& fields, const ImageView& box) {
  const bool whole = fields.at(0) == "sample";
  const SampleFormat format = whole ? format_of(fields.at(10)) : SampleFormat::uint8_nhwc;
  const int width = std::stoi(fields.at(6)), height = std::stoi(fields.at(7));
  std::vector<char> slot(sample_bytes(format, width, height));
  const test::PaddedPixels pixels(box);
  const gpu::SampleInput input = pixels.input(whole && fields.at(9) == "1");
  test::transform_on_host({&input, 1}, gpu::output_spec(format, width, height, slot.data()));
  answer(slot.data(), slot.size());
}

void handle(const Fields& fields, JpegDecoder& decoder) {
  const std::vector<char> file = read_file(fields.at(1));
  const auto info = decoder.open(std::as_bytes(std::span(file)));
  if (!info) {
    return answer(info.error());
  }
  if (fields.at(0) == "info") {
    const std::string text = std::to_string(info->width) + " " + std::to_string(info->height) +
                             " " + std::to_string(info->components);
    return answer(text.data(), text.size());
  }
  const CropBox box{std::stoi(fields.at(2)), std::stoi(fields.at(3)), std::stoi(fields.at(4)),
                    std::stoi(fields.at(5))};
  const auto pixels = decoder.decode(box);
  if (!pixels) {
    return answer(pixels.error());
  }
  if (fields.at(0) == "pixels") {
    return answer(*pixels);
  }
  if (fields.at(8) == "gpu") {
    return answer_gpu(fields, *pixels);
  }
  const SimdLevel level = level_of(fields.at(8));
  Resizer resizer(std::stoi(fields.at(6)), std::stoi(fields.at(7)), level);
  const ImageView resized = resizer.resize(*pixels);
  if (fields.at(0) == "resize") {
    return answer(resized);
  }
  answer_sample(fields, resized, level);
}

}  // namespace

int main() {
  JpegDecoder decoder;
  for (std::string line; std::getline(std::cin, line);) {
    handle(split(line), decoder);
    std::cout.flush();
  }
  return 0;
}
