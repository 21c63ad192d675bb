#include "pipeline/item_maker.h"

#include "pipeline/ops/crop.h"

namespace datamon::pipeline {

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
