#include "pipeline/item_maker.h"

#include <cstring>

#include "pipeline/ops/crop.h"

namespace datamon::pipeline {
namespace {

// Kinds of file that nvJPEG is asked about; grey, CMYK, RGB and arithmetic ones go to the CPU at
// once.
bool gpu_may_decode(const ImageInfo& info) {
  return info.components == 3 && !info.rgb && !info.arithmetic;
}

}  // namespace

ItemMaker::ItemMaker(const Source& source, const PipelineOptions& options, StageClock& clock,
                     Control& control)
    : source_(source),
      options_(options),
      clock_(clock),
      control_(control),
      resizer_(options.size, options.size) {}

std::string ItemMaker::make(std::uint32_t item, std::uint64_t epoch, std::byte* to) {
  StageTimer fetch(clock_, Stage::fetch);
  const bool slow = clock_.slow.any && clock_.slow.slow_item(options_.seed, item);
  Random random = Random::for_item(options_.seed, epoch, item);
  ImageView crop;
  std::string error = read(item, slow);
  if (error.empty()) error = decode(item, random, slow, crop);
  if (error.empty()) transform(item, crop, random, to);
  fetch.item(item, buffer_.bytes().size(), source_.name(item));
  return error;
}

std::string ItemMaker::cut(std::uint32_t place, const Slot& slot, gpu::CutSpace& space) {
  StageTimer fetch(clock_, Stage::fetch);
  const std::uint32_t item = slot.items[place];
  std::string error = read(item, clock_.slow.any && clock_.slow.slow_item(options_.seed, item));
  if (error.empty()) error = cut_to_arena(place, slot, space);
  if (!error.empty()) space.skip();
  fetch.item(item, buffer_.bytes().size(), source_.name(item));
  return error;
}

std::string ItemMaker::cut_to_arena(std::uint32_t place, const Slot& slot, gpu::CutSpace& space) {
  const std::uint32_t item = slot.items[place];
  const bool slow = clock_.slow.any && clock_.slow.slow_item(options_.seed, item);
  Random random = Random::for_item(options_.seed, slot.header->epoch, item);
  slot.cuts[place] = {};
  slot.cuts[place].owner = place;
  if (options_.backend == Backend::gpu) {
    const auto info = decoder_.open(std::as_bytes(buffer_.bytes()));
    if (!info) return info.error().message;
    Random same = random;
    const CropBox box = random_resized_crop(info->width, info->height, same);
    if (put_file(place, *info, box, slot, space)) {
      slot.cuts[place].flip = random_flip(same) ? 1 : 0;
      return {};
    }
    slot.header->decoded_on_cpu += 1;
  }
  ImageView crop;
  std::string error = decode(item, random, slow, crop);
  if (!error.empty()) return error;
  slot.cuts[place].flip = random_flip(random) ? 1 : 0;
  put_pixels(place, crop, slot, space);
  return {};
}

// False: the GPU cannot decode it, or there is no room.
bool ItemMaker::put_file(std::uint32_t place, const ImageInfo& info, const CropBox& box,
                         const Slot& slot, gpu::CutSpace& space) {
  const auto file = buffer_.bytes();
  const std::size_t frame =
      static_cast<std::size_t>(info.width) * static_cast<std::size_t>(info.height) * kChannels;
  if (!gpu_may_decode(info) || !gpu::weights_fit(box.width, box.height, options_) ||
      !space.fits(file.size(), frame))
    return false;
  gpu::CutItem& cut = slot.cuts[place];
  cut.kind = gpu::CutKind::file;
  cut.bytes = file.size();
  cut.offset = space.take(file.size(), frame, cut.frame_offset);
  cut.image_width = info.width;
  cut.image_height = info.height;
  cut.box = box;
  std::memcpy(slot.pixels + cut.offset, file.data(), file.size());
  return true;
}

void ItemMaker::put_pixels(std::uint32_t place, ImageView crop, const Slot& slot,
                           gpu::CutSpace& space) {
  const auto bytes_of = [](const ImageView& view) {
    return static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height) * kChannels;
  };
  if (!gpu::weights_fit(crop.width, crop.height, options_) || !space.fits(bytes_of(crop), 0)) {
    StageTimer resize(clock_, Stage::resize);
    crop = resizer_.resize(crop);
    slot.header->resized_on_cpu += 1;
  }
  gpu::CutItem& cut = slot.cuts[place];
  cut.kind = gpu::CutKind::pixels;
  cut.bytes = bytes_of(crop);
  cut.offset = space.take(cut.bytes, 0, cut.frame_offset);
  cut.box = {0, 0, crop.width, crop.height};
  const std::size_t row_bytes = static_cast<std::size_t>(crop.width) * kChannels;
  std::byte* to = slot.pixels + cut.offset;
  for (int y = 0; y < crop.height; ++y, to += row_bytes) std::memcpy(to, crop.row(y), row_bytes);
}

std::string ItemMaker::read(std::uint32_t item, bool slow) {
  StageTimer timer(clock_, Stage::read);
  std::string error = source_.read(item, buffer_);
  const std::size_t bytes = error.empty() ? buffer_.bytes().size() : 0;
  if (clock_.slow.bytes_per_second > 0)
    take_from_device(control_.device_free, bytes, clock_.slow.bytes_per_second, clock_.stop);
  if (slow && clock_.slow.item.sleep_ns > 0)
    let_pass({1, 0, clock_.slow.item.sleep_ns}, 0, clock_.stop);
  timer.item(item, bytes);
  return error;
}

std::string ItemMaker::decode(std::uint32_t item, Random& random, bool slow, ImageView& crop) {
  StageTimer timer(clock_, Stage::decode);
  const auto bytes = std::as_bytes(buffer_.bytes());
  timer.item(item, bytes.size());
  const auto info = decoder_.open(bytes);
  if (!info) return info.error().message;
  const auto view = decoder_.decode(random_resized_crop(info->width, info->height, random));
  if (!view) return view.error().message;
  crop = *view;
  if (slow && clock_.slow.item.burn_ns > 0)
    let_pass({1, clock_.slow.item.burn_ns, 0}, 0, clock_.stop);
  return {};
}

void ItemMaker::transform(std::uint32_t item, const ImageView& crop, Random& random,
                          std::byte* to) {
  StageTimer timer(clock_, Stage::transform);
  timer.item(item, sample_bytes(options_.layout, options_.size, options_.size));
  const bool flip = random_flip(random);
  StageTimer resize(clock_, Stage::resize);
  const ImageView sample = resizer_.resize(crop);
  resize.end();
  StageTimer write(clock_, Stage::flip_normalise);
  normaliser_.write(sample, flip, {to, options_.layout, options_.size, options_.size});
}

std::size_t ItemMaker::memory_bytes() const {
  return buffer_.capacity() + decoder_.memory_bytes() + resizer_.memory_bytes();
}

}  // namespace datamon::pipeline
