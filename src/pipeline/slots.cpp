#include "pipeline/slots.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "pipeline/error.h"
#include "pipeline/gpu/cut_space.h"

namespace datamon::pipeline {
namespace {

constexpr std::size_t kPage = 4096;

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

// Where the parts of a slot are: header, items, labels, failures, cuts, pixels.
struct Parts {
  std::size_t items, labels, failures, cuts, pixels, end;
};
Parts parts_of(std::size_t batch, bool cuts, std::size_t pixel_bytes) {
  Parts parts{};
  parts.items = sizeof(SlotHeader);
  parts.labels = parts.items + batch * sizeof(std::uint32_t);
  parts.failures = parts.labels + batch * sizeof(std::int32_t);
  parts.cuts = round_up(parts.failures + batch * sizeof(ItemFailure), alignof(gpu::CutItem));
  parts.pixels = round_up(parts.cuts + (cuts ? batch * sizeof(gpu::CutItem) : 0), kPage);
  parts.end = round_up(parts.pixels + pixel_bytes, kPage);
  return parts;
}

Parts parts_of(const PipelineOptions& options) {
  const auto batch = static_cast<std::size_t>(options.batch);
  if (options.backend != Backend::cpu) return parts_of(batch, true, gpu::arena_bytes(options));
  return parts_of(batch, false, batch * sample_bytes(options.layout, options.size, options.size));
}

Mapping::Sharing sharing_for(const PipelineOptions& options) {
  return options.workers > 0 && options.worker_kind == WorkerKind::process
             ? Mapping::Sharing::with_forked
             : Mapping::Sharing::this_process;
}

}  // namespace

Mapping::Mapping(std::size_t bytes, Sharing sharing) : bytes_(round_up(bytes, kPage)) {
  const int flags = (sharing == Sharing::with_forked ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS;
  void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED)
    throw PipelineError(
        fmt::format("no memory for {} MiB of batches ({}); use a smaller --batch, --prefetch or "
                    "--workers, or --layout nhwc-u8",
                    bytes_ >> 20, std::strerror(errno)));
  data_ = static_cast<std::byte*>(memory);
  madvise(memory, bytes_, MADV_HUGEPAGE);  // where the kernel has them: fewer faults and TLB misses
  for (std::size_t at = 0; at < bytes_; at += kPage) data_[at] = std::byte{0};
}

Mapping::~Mapping() { munmap(data_, bytes_); }

std::uint32_t SlotMemory::slots_for(const PipelineOptions& options) {
  return static_cast<std::uint32_t>(options.workers * options.prefetch) + held_by_consumer(options);
}

std::uint32_t SlotMemory::held_by_consumer(const PipelineOptions& options) {
  return options.backend == Backend::cpu ? 1 : gpu::kDeviceLanes;
}

std::size_t SlotMemory::slot_bytes(const PipelineOptions& options) { return parts_of(options).end; }

std::size_t SlotMemory::bytes_for(const PipelineOptions& options) {
  return slot_bytes(options) * slots_for(options);
}

SlotMemory::SlotMemory(const PipelineOptions& options)
    : slots_(slots_for(options)),
      slot_bytes_(slot_bytes(options)),
      batch_(static_cast<std::uint32_t>(options.batch)),
      cuts_(options.backend != Backend::cpu),
      mapping_(bytes_for(options), sharing_for(options)) {
  for (std::uint32_t i = 0; i < slots_; ++i) new (slot(i).header) SlotHeader();
}

Slot SlotMemory::slot(std::uint32_t index) const {
  std::byte* const base = mapping_.data() + slot_bytes_ * index;
  const Parts parts = parts_of(batch_, cuts_, 0);  // the pixels are last: their size moves nothing
  return {reinterpret_cast<SlotHeader*>(base),
          reinterpret_cast<std::uint32_t*>(base + parts.items),
          reinterpret_cast<std::int32_t*>(base + parts.labels),
          reinterpret_cast<ItemFailure*>(base + parts.failures),
          reinterpret_cast<gpu::CutItem*>(base + parts.cuts),
          base + parts.pixels};
}

}  // namespace datamon::pipeline
