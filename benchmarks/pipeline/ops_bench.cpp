// What each image operator costs, and the whole recipe against libjpeg-turbo's plain full decode.
//
//   bench-ops [FOLDER] [google/benchmark options]     default FOLDER: data/imagenet-like
//
// Every benchmark walks the same files with the same crop boxes (RandomResizedCrop of a fixed
// seed); times are per image. `recipe` measures in turns, image by image: full decode, then read +
// decode + resize + flip + normalise into a batch of 64. `ratio_median` is the median over passes
// of recipe time / full decode time; `ratio_best` compares the best time of each image.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "pipeline/ops/crop.h"
#include "pipeline/ops/jpeg_decoder.h"
#include "pipeline/ops/libjpeg.h"
#include "pipeline/ops/normalise.h"
#include "pipeline/ops/resize.h"
#include "pipeline/ops/transform.h"

namespace {

using namespace datamon::pipeline;
using Clock = std::chrono::steady_clock;

constexpr int kSize = 224;
constexpr std::size_t kBatch = 64;
constexpr std::uint64_t kSeed = 1;

struct Image {
  std::string path;
  std::vector<std::byte> bytes;
  CropBox box;
  bool flip = false;
  std::vector<std::uint8_t> cropped;  // RGB pixels of the box
  std::vector<std::uint8_t> resized;

  ImageView crop_view() const {
    return {cropped.data(), box.width, box.height, std::ptrdiff_t{box.width} * kChannels};
  }
  ImageView resized_view() const { return {resized.data(), kSize, kSize, kSize * kChannels}; }
};

std::vector<Image> g_images;

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::vector<char> chars{std::istreambuf_iterator<char>(stream), {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(chars.data());
  return {bytes, bytes + chars.size()};
}

std::vector<std::uint8_t> pack(const ImageView& view) {
  std::vector<std::uint8_t> packed;
  for (int y = 0; y < view.height; ++y) {
    packed.insert(packed.end(), view.row(y), view.row(y) + view.width * kChannels);
  }
  return packed;
}

Image prepare(const std::string& path, std::uint64_t index, JpegDecoder& decoder,
              Resizer& resizer) {
  Image image{path, read_file(path), {}, false, {}, {}};
  const auto info = decoder.open(image.bytes);
  if (!info) {
    throw std::runtime_error(path + ": " + info.error().message);
  }
  Random random = Random::for_item(kSeed, 0, index);
  image.box = random_resized_crop(info->width, info->height, random);
  image.flip = random_flip(random);
  const auto pixels = decoder.decode(image.box);
  if (!pixels) {
    throw std::runtime_error(path + ": " + pixels.error().message);
  }
  image.cropped = pack(*pixels);
  image.resized = pack(resizer.resize(*pixels));
  return image;
}

void load_images(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg" || entry.path().extension() == ".JPEG") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  JpegDecoder decoder;
  Resizer resizer(kSize, kSize);
  for (const std::string& path : paths) {
    g_images.push_back(prepare(path, g_images.size(), decoder, resizer));
  }
  if (g_images.empty()) {
    throw std::runtime_error("no .jpg below " + folder);
  }
}

// The yardstick: libjpeg-turbo as its manual has it, with the decompressor and the pixels reused.
class PlainDecoder {
 public:
  PlainDecoder() {
    cinfo_.err = jpeg_std_error(&errors_);
    jpeg_create_decompress(&cinfo_);
  }
  ~PlainDecoder() { jpeg_destroy_decompress(&cinfo_); }
  PlainDecoder(const PlainDecoder&) = delete;
  PlainDecoder& operator=(const PlainDecoder&) = delete;

  const std::uint8_t* decode(const std::vector<std::byte>& bytes) {
    jpeg_mem_src(&cinfo_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&cinfo_, TRUE);
    cinfo_.out_color_space = JCS_RGB;
    jpeg_start_decompress(&cinfo_);
    const std::size_t stride = std::size_t{cinfo_.output_width} * kChannels;
    pixels_.resize(std::max(pixels_.size(), stride * cinfo_.output_height));
    while (cinfo_.output_scanline < cinfo_.output_height) {
      JSAMPROW row = pixels_.data() + cinfo_.output_scanline * stride;
      jpeg_read_scanlines(&cinfo_, &row, 1);
    }
    jpeg_finish_decompress(&cinfo_);
    return pixels_.data();
  }

 private:
  jpeg_error_mgr errors_{};
  jpeg_decompress_struct cinfo_{};
  std::vector<std::uint8_t> pixels_;
};

class FileReader {
 public:
  std::span<const std::byte> read(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = ::read(file, buffer_.data(), buffer_.size());
    ::close(file);
    return {buffer_.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{16} << 20);
};

// Batch memory as a loader has it: whole pages, larger than the caches, slot after slot.
class Batch {
 public:
  explicit Batch(SampleFormat format)
      : slot_bytes_(sample_bytes(format, kSize, kSize)), bytes_(slot_bytes_ * kBatch) {
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::fill(memory_, memory_ + bytes_, std::byte{0});
  }
  ~Batch() { munmap(memory_, bytes_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::byte* next_slot() { return memory_ + (next_++ % kBatch) * slot_bytes_; }

 private:
  std::size_t slot_bytes_;
  std::size_t bytes_;
  std::byte* memory_ = nullptr;
  std::size_t next_ = 0;
};

template <typename Work>
void each_image(benchmark::State& state, Work&& work) {
  std::size_t i = 0;
  for (auto _ : state) {
    work(g_images[i++ % g_images.size()]);
  }
}

void full_decode(benchmark::State& state) {
  PlainDecoder decoder;
  each_image(state,
             [&](const Image& image) { benchmark::DoNotOptimize(decoder.decode(image.bytes)); });
}

void read_from_page_cache(benchmark::State& state) {
  FileReader reader;
  each_image(state, [&](const Image& image) { benchmark::DoNotOptimize(reader.read(image.path)); });
}

void decode_box(benchmark::State& state) {
  JpegDecoder decoder;
  each_image(state, [&](const Image& image) {
    decoder.open(image.bytes);
    benchmark::DoNotOptimize(decoder.decode(image.box));
  });
}

void resize(benchmark::State& state) {
  Resizer resizer(kSize, kSize, static_cast<SimdLevel>(state.range(0)));
  each_image(state, [&](const Image& image) {
    benchmark::DoNotOptimize(resizer.resize(image.crop_view()));
  });
}

void normalise(benchmark::State& state) {
  const auto format = static_cast<SampleFormat>(state.range(1));
  const Normaliser normaliser({}, static_cast<SimdLevel>(state.range(0)));
  Batch batch(format);
  each_image(state, [&](const Image& image) {
    normaliser.write(image.resized_view(), image.flip, {batch.next_slot(), format, kSize, kSize});
  });
}

class Recipe {
 public:
  void prepare_sample(const Image& image) {
    const auto file = reader_.read(image.path);
    if (!decoder_.open(file)) {
      std::abort();
    }
    const auto pixels = decoder_.decode(image.box);
    transform_.apply(*pixels, image.flip, SampleFormat::float32_nchw, batch_.next_slot());
  }

 private:
  FileReader reader_;
  JpegDecoder decoder_;
  SampleTransform transform_{kSize, kSize};
  Batch batch_{SampleFormat::float32_nchw};
};

template <typename Work>
double seconds_of(Work&& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// An iteration is a pass over all images.
void recipe(benchmark::State& state) {
  PlainDecoder plain;
  Recipe ours;
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> best_full(g_images.size(), kNever);
  std::vector<double> best_ours(g_images.size(), kNever);
  std::vector<double> ratios;
  for (auto _ : state) {
    double full_total = 0;
    double ours_total = 0;
    for (std::size_t i = 0; i < g_images.size(); ++i) {
      const double full = seconds_of([&] { plain.decode(g_images[i].bytes); });
      const double recipe_time = seconds_of([&] { ours.prepare_sample(g_images[i]); });
      full_total += full;
      ours_total += recipe_time;
      best_full[i] = std::min(best_full[i], full);
      best_ours[i] = std::min(best_ours[i], recipe_time);
    }
    ratios.push_back(ours_total / full_total);
  }
  double full_sum = 0;
  double ours_sum = 0;
  for (std::size_t i = 0; i < g_images.size(); ++i) {
    full_sum += best_full[i];
    ours_sum += best_ours[i];
  }
  const auto count = static_cast<double>(g_images.size());
  state.counters["ratio_median"] = median(ratios);
  state.counters["ratio_best"] = ours_sum / full_sum;
  state.counters["full_us"] = 1e6 * full_sum / count;
  state.counters["recipe_us"] = 1e6 * ours_sum / count;
}

void register_all() {
  using benchmark::kMicrosecond;
  benchmark::RegisterBenchmark("full_decode", full_decode)->Unit(kMicrosecond);
  benchmark::RegisterBenchmark("read", read_from_page_cache)->Unit(kMicrosecond);
  benchmark::RegisterBenchmark("decode_box", decode_box)->Unit(kMicrosecond);
  for (const SimdLevel level : {SimdLevel::scalar, SimdLevel::avx2, SimdLevel::avx512}) {
    if (!has_simd_level(level)) {
      continue;
    }
    const std::string suffix = std::string("/") + name_of(level);
    const auto number = static_cast<std::int64_t>(level);
    benchmark::RegisterBenchmark(("resize" + suffix).c_str(), resize)
        ->Arg(number)
        ->Unit(kMicrosecond);
    for (const SampleFormat format :
         {SampleFormat::float32_nchw, SampleFormat::float16_nchw, SampleFormat::uint8_nhwc}) {
      benchmark::RegisterBenchmark(("normalise" + suffix).c_str(), normalise)
          ->Args({number, static_cast<std::int64_t>(format)})
          ->Unit(kMicrosecond);
    }
  }
  benchmark::RegisterBenchmark("recipe", recipe)->Unit(benchmark::kMillisecond)->Iterations(9);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  try {
    load_images(argc > 1 ? argv[1] : "data/imagenet-like");
  } catch (const std::exception& error) {
    std::cerr << "bench-ops: " << error.what()
              << "\nbench-ops: `make data` makes data/imagenet-like, or name a folder of JPEGs\n";
    return 1;
  }
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
