// The memory that batches are made in: a fixed number of slots in one mapping, shared with forked
// workers. All of it is there (populated) when the constructor returns.
//
// Who may touch a slot is settled by the lanes (lane.h): the worker between request and delivery,
// the consumer after it. Ownership: SlotMemory owns the mapping; Slot views live as long as it.
// Thread-safety: slot() from any thread or forked process. Errors: PipelineError when the memory
// cannot be had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pipeline/batch.h"
#include "pipeline/options.h"

namespace datamon::pipeline {

// The fixed part of a slot.
struct SlotHeader {
  std::uint64_t batch = 0;
  std::uint64_t epoch = 0;
  std::uint64_t sent_ticks = 0;  // datamon_now() at delivery
  std::int64_t sent_ns = 0;      // wall_ns() at delivery
  std::uint32_t count = 0;       // items
  std::uint32_t failures = 0;
  std::uint32_t resized_on_cpu = 0;  // at the cut: items that did not fit otherwise
  std::uint32_t decoded_on_cpu = 0;  // backend gpu: items that the GPU cannot decode
};

struct Slot {
  SlotHeader* header;
  std::uint32_t* items;  // options.batch of each
  std::int32_t* labels;
  ItemFailure* failures;
  gpu::CutItem* cuts;  // GPU backends: options.batch of them
  std::byte* pixels;   // options.batch images; GPU backends: the arena (cut_space.h)
};

// Memory mapped for the life of the object.
class Mapping {
 public:
  enum class Sharing { this_process, with_forked };
  Mapping(std::size_t bytes, Sharing sharing);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_;
  std::size_t bytes_;
};

class SlotMemory {
 public:
  explicit SlotMemory(const PipelineOptions& options);

  Slot slot(std::uint32_t index) const;
  std::uint32_t slots() const { return slots_; }
  std::size_t bytes() const { return mapping_.bytes(); }
  std::byte* data() const { return mapping_.data(); }

  // How many slots the consumer holds at a time: its batch, and those that the GPU works on.
  static std::uint32_t held_by_consumer(const PipelineOptions& options);
  // How many slots these options need: what all workers may hold, and the consumer's.
  static std::uint32_t slots_for(const PipelineOptions& options);
  // Bytes of one slot, and of all of them.
  static std::size_t slot_bytes(const PipelineOptions& options);
  static std::size_t bytes_for(const PipelineOptions& options);

 private:
  std::uint32_t slots_;
  std::size_t slot_bytes_;
  std::uint32_t batch_;
  bool cuts_;
  Mapping mapping_;
};

}  // namespace datamon::pipeline
