#include "pipeline/batch_maker.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace datamon::pipeline {

ItemFailure item_failure(std::uint32_t item, std::string_view reason) {
  ItemFailure failure;
  failure.item = item;
  failure.reason_bytes = static_cast<std::uint32_t>(std::min(reason.size(), sizeof failure.reason));
  std::memcpy(failure.reason, reason.data(), failure.reason_bytes);
  return failure;
}

BatchMaker::BatchMaker(const Source& source, const PipelineOptions& options, StageClock& clock,
                       Control& control)
    : source_(source),
      options_(options),
      clock_(clock),
      image_bytes_(sample_bytes(options.layout, options.size, options.size)),
      items_(source, options, clock, control),
      good_(static_cast<std::size_t>(options.batch)) {}

bool BatchMaker::make(const Slot& slot) {
  slot.header->failures = 0;
  slot.header->resized_on_cpu = slot.header->decoded_on_cpu = 0;
  if (!make_items(slot)) return false;
  collate(slot);
  return clock_.stop.load(std::memory_order_relaxed) == 0;
}

bool BatchMaker::make_items(const Slot& slot) {
  gpu::CutSpace space(options_, slot.header->count);  // unused on the CPU
  for (std::uint32_t place = 0; place < slot.header->count; ++place) {
    if (clock_.stop.load(std::memory_order_relaxed) != 0) return false;
    const std::uint32_t item = slot.items[place];
    const std::string error =
        options_.backend == Backend::cpu
            ? items_.make(item, slot.header->epoch, slot.pixels + place * image_bytes_)
            : items_.cut(place, slot, space);
    good_[place] = error.empty();
    if (error.empty()) continue;
    slot.failures[slot.header->failures++] = item_failure(item, error);
    if (options_.on_error == OnError::fail) slot.header->count = 0;
  }
  return true;
}

void BatchMaker::collate(const Slot& slot) {
  StageTimer timer(clock_, Stage::collate);
  const std::uint32_t count = slot.header->count;
  timer.item(slot.header->batch, count * image_bytes_);
  if (count > 0 && slot.header->failures == count) slot.header->count = 0;
  if (slot.header->count == 0) return;
  for (std::uint32_t place = 0; place < count; ++place) {
    if (good_[place]) continue;
    std::uint32_t from = place;
    while (!good_[from]) from = (from + 1) % count;
    if (options_.backend == Backend::cpu) {
      std::memcpy(slot.pixels + place * image_bytes_, slot.pixels + from * image_bytes_,
                  image_bytes_);
    } else {
      slot.cuts[place] = slot.cuts[from];
    }
    slot.items[place] = slot.items[from];
  }
  for (std::uint32_t place = 0; place < count; ++place)
    slot.labels[place] = source_.label(slot.items[place]);
}

}  // namespace datamon::pipeline
