#include "pipeline/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "pipeline/error.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/slots.h"
#include "system/cgroup.h"
#include "system/memory_info.h"

namespace datamon::pipeline {

LoaderMemory memory_for(const PipelineOptions& options) {
  return {SlotMemory::slot_bytes(options), SlotMemory::slots_for(options),
          SlotMemory::bytes_for(options)};
}

std::uint64_t budgeted_bytes(const PipelineOptions& options) {
  return options.backend == Backend::cpu ? SlotMemory::bytes_for(options)
                                         : gpu::device_memory_for(options).device;
}

std::uint64_t usable_memory() {
  const auto scratch = std::make_unique<system::Scratch>();
  const auto machine = system::MemoryInfoReader().read(*scratch);
  const auto group = system::CgroupReader("", *scratch).memory(*scratch);
  std::uint64_t usable = machine ? machine->available_bytes : 0;
  // What the group uses counts its page cache, which gives way: its limit alone is asked.
  if (group && group->limit_bytes > 0)
    usable = usable == 0 ? group->limit_bytes : std::min(usable, group->limit_bytes);
  return usable;
}

namespace {

// The largest batch for which `bytes_for` says no more than `bytes`.
template <typename BytesFor>
int largest_batch_by(PipelineOptions options, std::uint64_t bytes, BytesFor bytes_for) {
  int fits = 0, too_large = kMaxBatch + 1;
  while (too_large - fits > 1) {
    options.batch = fits + (too_large - fits) / 2;
    (bytes_for(options) <= bytes ? fits : too_large) = options.batch;
  }
  return fits;
}

}  // namespace

int largest_batch(PipelineOptions options, std::uint64_t bytes) {
  return largest_batch_by(std::move(options), bytes, budgeted_bytes);
}

void check_memory(const PipelineOptions& options) {
  const std::uint64_t usable = usable_memory();
  const LoaderMemory memory = memory_for(options);
  if (usable == 0 || memory.total <= usable) return;
  const int fits = largest_batch_by(options, usable, SlotMemory::bytes_for);
  throw PipelineError(fmt::format(
      "{} batches of {} MiB take {} MiB, but only {} MiB of memory are free; {}", memory.batches,
      memory.batch >> 20, memory.total >> 20, usable >> 20,
      fits > 0 ? fmt::format("--batch {} fits, as would fewer --workers or less --prefetch", fits)
               : "use fewer --workers, less --prefetch or a smaller --size"));
}

}  // namespace datamon::pipeline
