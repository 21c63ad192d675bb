#include "ops_images.h"

#include <cmath>
#include <cstdlib>
#include <random>

#include "pipeline/ops/libjpeg.h"

namespace datamon::pipeline::test {
namespace {

JpegWay sampled(const std::string& name, int h0, int v0, int h1 = 1, int v1 = 1, int h2 = 1,
                int v2 = 1) {
  JpegWay kind;
  kind.name = name;
  kind.h[0] = h0;
  kind.v[0] = v0;
  kind.h[1] = h1;
  kind.v[1] = v1;
  kind.h[2] = h2;
  kind.v[2] = v2;
  return kind;
}

void set_up(jpeg_compress_struct& cinfo, const JpegWay& kind) {
  jpeg_set_defaults(&cinfo);
  if (kind.components == 4) {
    jpeg_set_colorspace(&cinfo, JCS_CMYK);
    cinfo.write_Adobe_marker = TRUE;
  }
  jpeg_set_quality(&cinfo, kind.quality, TRUE);
  for (int c = 0; c < (kind.components == 3 ? 3 : 0); ++c) {
    cinfo.comp_info[c].h_samp_factor = kind.h[c];
    cinfo.comp_info[c].v_samp_factor = kind.v[c];
  }
  cinfo.restart_interval = static_cast<unsigned>(kind.restart_interval);
  cinfo.optimize_coding = kind.optimise ? TRUE : FALSE;
  cinfo.arith_code = kind.arithmetic ? TRUE : FALSE;
  if (kind.progressive) {
    jpeg_simple_progression(&cinfo);
  }
}

}  // namespace

std::vector<JpegWay> all_jpeg_kinds() {
  std::vector<JpegWay> shapes = {
      sampled("420", 2, 2),         sampled("422", 2, 1),          sampled("444", 1, 1),
      sampled("411", 4, 1),         sampled("440", 1, 2),          sampled("410", 4, 2),
      sampled("mixed", 2, 2, 2, 1), sampled("mixed2", 2, 2, 1, 2), sampled("odd", 2, 2, 1, 1, 2, 2),
      sampled("blue", 1, 1, 2, 2),
  };
  JpegWay grey;
  grey.name = "grey";
  grey.components = 1;
  shapes.push_back(grey);
  std::vector<JpegWay> kinds;
  for (const JpegWay& shape : shapes) {
    JpegWay variant = shape;
    kinds.push_back(variant);
    variant.name = shape.name + "-optimised";
    variant.optimise = true;
    variant.quality = 97;
    kinds.push_back(variant);
    variant = shape;
    variant.name = shape.name + "-restart";
    variant.restart_interval = 3;
    kinds.push_back(variant);
    variant = shape;
    variant.name = shape.name + "-progressive";
    variant.progressive = true;
    kinds.push_back(variant);
    variant = shape;
    variant.name = shape.name + "-arithmetic";
    variant.arithmetic = true;
    kinds.push_back(variant);
    if (shape.components == 3) {
      variant = shape;
      variant.name = shape.name + "-scans";
      variant.separate_scans = true;
      kinds.push_back(variant);
    }
  }
  return kinds;
}

std::vector<std::uint8_t> make_picture(int width, int height, int components, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> picture;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < components; ++c) {
        const double wave = 100 * std::sin(0.13 * x * (c + 1)) * std::cos(0.09 * y + c);
        const double edge = (x / 11 + y / 7 + c) % 3 == 0 ? 60 : -20;
        const double value = 120 + wave * 0.6 + edge + static_cast<double>(random() % 32U);
        picture.push_back(static_cast<std::uint8_t>(std::min(255.0, std::max(0.0, value))));
      }
    }
  }
  return picture;
}

std::vector<std::byte> encode(const JpegWay& kind, int width, int height, unsigned seed) {
  const auto picture = make_picture(width, height, kind.components, seed);
  jpeg_error_mgr errors{};
  jpeg_compress_struct cinfo{};
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_compress(&cinfo);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&cinfo, &buffer, &size);
  cinfo.image_width = static_cast<JDIMENSION>(width);
  cinfo.image_height = static_cast<JDIMENSION>(height);
  cinfo.input_components = kind.components;
  cinfo.in_color_space = kind.components == 1   ? JCS_GRAYSCALE
                         : kind.components == 3 ? JCS_RGB
                                                : JCS_CMYK;
  set_up(cinfo, kind);
  jpeg_scan_info scans[3] = {};
  for (int c = 0; kind.separate_scans && c < 3; ++c) {
    scans[c].comps_in_scan = 1;
    scans[c].component_index[0] = c;
    scans[c].Se = 63;
    cinfo.scan_info = scans;
    cinfo.num_scans = 3;
  }
  jpeg_start_compress(&cinfo, TRUE);
  while (cinfo.next_scanline < cinfo.image_height) {
    auto* row = const_cast<JSAMPROW>(picture.data()) +
                std::size_t{cinfo.next_scanline} * static_cast<std::size_t>(width) *
                    static_cast<std::size_t>(kind.components);
    jpeg_write_scanlines(&cinfo, &row, 1);
  }
  jpeg_finish_compress(&cinfo);
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer);
  std::vector<std::byte> file(bytes, bytes + size);
  jpeg_destroy_compress(&cinfo);
  std::free(buffer);
  return file;
}

std::vector<std::uint8_t> decode_plainly(const std::vector<std::byte>& file) {
  jpeg_error_mgr errors{};
  jpeg_decompress_struct cinfo{};
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&cinfo);
  jpeg_mem_src(&cinfo, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&cinfo, TRUE);
  cinfo.out_color_space = JCS_RGB;
  jpeg_start_decompress(&cinfo);
  const std::size_t stride = std::size_t{cinfo.output_width} * kChannels;
  std::vector<std::uint8_t> pixels(stride * cinfo.output_height);
  while (cinfo.output_scanline < cinfo.output_height) {
    JSAMPROW row = pixels.data() + cinfo.output_scanline * stride;
    jpeg_read_scanlines(&cinfo, &row, 1);
  }
  jpeg_finish_decompress(&cinfo);
  jpeg_destroy_decompress(&cinfo);
  return pixels;
}

std::vector<std::uint8_t> packed(const ImageView& view) {
  std::vector<std::uint8_t> bytes;
  for (int y = 0; y < view.height; ++y) {
    bytes.insert(bytes.end(), view.row(y), view.row(y) + std::ptrdiff_t{view.width} * kChannels);
  }
  return bytes;
}

}  // namespace datamon::pipeline::test
