#include "pipeline/ops/jpeg_decoder.h"

#include <algorithm>
#include <csetjmp>
#include <new>
#include <string>
#include <vector>

#include "pipeline/ops/cmyk.h"
#include "pipeline/ops/jpeg_arena.h"
#include "pipeline/ops/jpeg_entropy.h"
#include "pipeline/ops/jpeg_errors.h"
#include "pipeline/ops/jpeg_source.h"

namespace datamon::pipeline {
namespace {

// How far around the box pixels must be decoded so that those inside it are exact: smooth chroma
// upsampling looks at one neighbour on each side, and treats a cut like an edge of the image.
constexpr int kMargin = 1;

// How libjpeg-turbo upsamples depends on the image's width, not on the crop's; narrow crops are
// widened so that both come to the same decision.
constexpr int kMinimumWidth = 16;

ImageError fail(ImageError::Kind kind, std::string message) { return {kind, std::move(message)}; }

std::string size_text(const jpeg_decompress_struct& cinfo) {
  return std::to_string(cinfo.image_width) + "x" + std::to_string(cinfo.image_height);
}

// A progressive file whose scans do not refine every coefficient to the last bit is smoothed across
// blocks, and then a pixel depends on blocks further away than the margin.
bool may_be_smoothed(const jpeg_decompress_struct& cinfo) {
  if (!cinfo.progressive_mode || cinfo.coef_bits == nullptr) {
    return false;
  }
  const int* bits = &cinfo.coef_bits[0][0];
  return std::any_of(bits, bits + cinfo.num_components * DCTSIZE2, [](int b) { return b != 0; });
}

// Watches for progressive files with thousands of scans, each a pass over the whole image.
struct ScanCounter : jpeg_progress_mgr {
  int max_scans = 0;
  JpegErrors* errors = nullptr;

  static void check(j_common_ptr common) {
    const auto* cinfo = reinterpret_cast<j_decompress_ptr>(common);
    const auto* self = static_cast<const ScanCounter*>(common->progress);
    if (cinfo->input_scan_number > self->max_scans) {
      self->errors->fail(ImageError::Kind::too_large, "more progressive scans than are allowed");
    }
  }
};

}  // namespace

struct JpegDecoder::State {
  explicit State(const JpegLimits& limits_in);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void begin();
  void start_output();
  void decode_box(const CropBox& box);
  void read_rows(std::uint8_t* to, std::size_t stride, JDIMENSION count);
  std::uint8_t* reserve_pixels(std::size_t bytes);

  JpegLimits limits;
  JpegArena arena;
  JpegErrors errors;
  JpegSource source;
  JpegEntropy entropy;
  ScanCounter progress{};
  jpeg_decompress_struct cinfo{};
  std::span<const std::byte> file;
  bool header_fresh = false;  // the header is read, decoding has not begun
  bool usable = false;        // the latest open() succeeded

  std::unique_ptr<std::uint8_t[]> pixels;
  std::size_t pixels_capacity = 0;
  std::vector<JSAMPROW> rows;
  ImageView view;
};

JpegDecoder::State::State(const JpegLimits& limits_in)
    : limits(limits_in), arena(limits_in.max_working_bytes) {
  cinfo.err = errors.manager(limits.tolerate_damage);
  if (setjmp(errors.target()) != 0) {
    return;  // header and library of different versions: every open() will say so
  }
  jpeg_create_decompress(&cinfo);
  arena.attach(&cinfo);
  progress.progress_monitor = ScanCounter::check;
  progress.max_scans = limits.max_scans;
  progress.errors = &errors;
  cinfo.progress = &progress;
}

JpegDecoder::State::~State() {
  if (setjmp(errors.target()) == 0) {
    jpeg_abort_decompress(&cinfo);
    arena.detach(&cinfo);
    jpeg_destroy_decompress(&cinfo);
  }
}

// Reads the header. Errors jump.
void JpegDecoder::State::begin() {
  jpeg_abort_decompress(&cinfo);
  source.attach(&cinfo, file, limits.tolerate_damage);
  jpeg_read_header(&cinfo, TRUE);
  header_fresh = true;
}

void JpegDecoder::State::start_output() {
  cinfo.out_color_space = cinfo.num_components == 4 ? JCS_CMYK : JCS_RGB;
  cinfo.dct_method = JDCT_ISLOW;
  cinfo.do_fancy_upsampling = TRUE;
  header_fresh = false;
  jpeg_start_decompress(&cinfo);
}

// Decodes into `pixels` and sets `view`. Errors jump.
void JpegDecoder::State::decode_box(const CropBox& box) {
  start_output();
  const int width = static_cast<int>(cinfo.output_width);
  const int height = static_cast<int>(cinfo.output_height);
  int left = 0;
  int right = width;
  int top = 0;
  int bottom = height;
  if (!may_be_smoothed(cinfo)) {
    left = std::max(0, box.x - kMargin);
    right = std::min(width, std::max(box.x + box.width + kMargin, left + kMinimumWidth));
    left = std::max(0, std::min(left, right - kMinimumWidth));
    top = std::max(0, box.y - kMargin);
    bottom = box.y + box.height;
  }
  auto offset = static_cast<JDIMENSION>(left);
  auto columns = static_cast<JDIMENSION>(right - left);
  jpeg_crop_scanline(&cinfo, &offset, &columns);
  if (limits.own_huffman_decoder && !limits.tolerate_damage) {
    entropy.take_over(&cinfo, offset, columns);
  }
  if (top > 0) {
    jpeg_skip_scanlines(&cinfo, static_cast<JDIMENSION>(top));
  }
  const auto row_count = static_cast<std::size_t>(bottom - top);
  const std::size_t stride = std::size_t{columns} * static_cast<unsigned>(cinfo.output_components);
  std::uint8_t* data = reserve_pixels(stride * row_count);
  read_rows(data, stride, static_cast<JDIMENSION>(row_count));
  if (cinfo.out_color_space == JCS_CMYK) {
    inverted_cmyk_to_rgb(data, data, columns * row_count);
  }
  const std::size_t rgb_stride = std::size_t{columns} * kChannels;
  const auto skipped_rows = static_cast<std::size_t>(box.y - top);
  const auto skipped_columns = static_cast<std::size_t>(box.x) - offset;
  view = {data + skipped_rows * rgb_stride + skipped_columns * kChannels, box.width, box.height,
          static_cast<std::ptrdiff_t>(rgb_stride)};
  jpeg_abort_decompress(&cinfo);
}

void JpegDecoder::State::read_rows(std::uint8_t* to, std::size_t stride, JDIMENSION count) {
  if (rows.size() < count) {
    rows.resize(count);
  }
  for (JDIMENSION i = 0; i < count; ++i) {
    rows[i] = to + i * stride;
  }
  for (JDIMENSION done = 0; done < count;) {
    done += jpeg_read_scanlines(&cinfo, rows.data() + done, count - done);
  }
}

std::uint8_t* JpegDecoder::State::reserve_pixels(std::size_t bytes) {
  if (bytes > pixels_capacity) {
    pixels.reset();
    pixels_capacity = 0;
    pixels.reset(new (std::nothrow) std::uint8_t[bytes]);
    if (pixels == nullptr) {
      errors.fail(ImageError::Kind::too_large, "not enough memory for the pixels of the box");
    }
    pixels_capacity = bytes;
  }
  return pixels.get();
}

JpegDecoder::JpegDecoder(const JpegLimits& limits) : state_(std::make_unique<State>(limits)) {}
JpegDecoder::~JpegDecoder() = default;
JpegDecoder::JpegDecoder(JpegDecoder&&) noexcept = default;
JpegDecoder& JpegDecoder::operator=(JpegDecoder&&) noexcept = default;

Result<ImageInfo> JpegDecoder::open(std::span<const std::byte> file) {
  using Kind = ImageError::Kind;
  State& state = *state_;
  jpeg_decompress_struct& cinfo = state.cinfo;
  state.usable = false;
  if (file.empty()) {
    return fail(Kind::empty, "the file is empty (0 bytes)");
  }
  state.file = file;
  if (setjmp(state.errors.target()) != 0) {
    return state.errors.describe("reading the header");
  }
  state.begin();
  if (cinfo.num_components != 1 && cinfo.num_components != 3 && cinfo.num_components != 4) {
    return fail(Kind::unsupported,
                "JPEG with " + std::to_string(cinfo.num_components) +
                    " components; 1 (grey), 3 (colour) and 4 (CMYK) can be read");
  }
  const auto pixel_count = std::int64_t{cinfo.image_width} * std::int64_t{cinfo.image_height};
  if (pixel_count > state.limits.max_pixels) {
    return fail(Kind::too_large, "JPEG of " + size_text(cinfo) + " pixels; the limit is " +
                                     std::to_string(state.limits.max_pixels) + " pixels");
  }
  if (!state.limits.tolerate_damage && !state.source.has_end_of_image()) {
    return fail(Kind::truncated, "JPEG of " + size_text(cinfo) + " pixels is cut off after " +
                                     std::to_string(file.size()) +
                                     " bytes: no end-of-image marker");
  }
  state.usable = true;
  return ImageInfo{static_cast<int>(cinfo.image_width),
                   static_cast<int>(cinfo.image_height),
                   cinfo.num_components,
                   cinfo.progressive_mode != FALSE,
                   cinfo.arith_code != FALSE,
                   cinfo.jpeg_color_space == JCS_RGB};
}

Result<ImageView> JpegDecoder::decode(const CropBox& box) {
  using Kind = ImageError::Kind;
  State& state = *state_;
  jpeg_decompress_struct& cinfo = state.cinfo;
  if (!state.usable) {
    return fail(Kind::bad_box, "no image is open");
  }
  const auto image_width = static_cast<int>(cinfo.image_width);
  const auto image_height = static_cast<int>(cinfo.image_height);
  if (box.width <= 0 || box.height <= 0 || box.x < 0 || box.y < 0 || box.x >= image_width ||
      box.y >= image_height || box.width > image_width - box.x ||
      box.height > image_height - box.y) {
    return fail(Kind::bad_box, "crop box " + std::to_string(box.width) + "x" +
                                   std::to_string(box.height) + " at " + std::to_string(box.x) +
                                   "," + std::to_string(box.y) + " is not inside the image of " +
                                   size_text(cinfo) + " pixels");
  }
  if (setjmp(state.errors.target()) != 0) {
    return state.errors.describe("decoding the pixels");
  }
  if (!state.header_fresh) {
    state.begin();
  }
  state.decode_box(box);
  return state.view;
}

std::size_t JpegDecoder::memory_bytes() const {
  return state_->arena.capacity_bytes() + state_->pixels_capacity +
         state_->rows.capacity() * sizeof(JSAMPROW);
}

}  // namespace datamon::pipeline
