// Makes a batch in a slot: each of its items, and then collates them.
//
// An item that cannot be used is replaced, when errors are skipped, by the next good item of the
// same batch (round to the first after the last), image and label: the batch keeps its shape and
// depends on nothing but its items. A batch without any good item has a count of 0. When errors
// are not skipped the batch ends at the first one, with a count of 0.
//
// Ownership: as ItemMaker. Thread-safety: none; one per worker.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/item_maker.h"
#include "pipeline/slots.h"

namespace datamon::pipeline {

class BatchMaker {
 public:
  BatchMaker(const Source& source, const PipelineOptions& options, StageClock& clock,
             Control& control);

  // Makes what the slot's header and items ask for. False: stopped before it was whole.
  bool make(const Slot& slot);

  std::size_t memory_bytes() const { return items_.memory_bytes(); }

 private:
  bool make_items(const Slot& slot);
  void collate(const Slot& slot);

  const Source& source_;
  const PipelineOptions& options_;
  StageClock& clock_;
  std::size_t image_bytes_;
  ItemMaker items_;
  std::vector<std::uint8_t> good_;  // by place in the batch
};

}  // namespace datamon::pipeline
