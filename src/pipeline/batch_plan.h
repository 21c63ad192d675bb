// Which items are in which batch: the order of every epoch, drawn from the seed and the epoch's
// number alone, so that it does not depend on who prepares the batches.
//
// Thread-safety: none; the consumer owns it. Ownership: a planned batch's items are valid until the
// next call of next().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/options.h"

namespace datamon::pipeline {

struct PlannedBatch {
  std::uint64_t number = 0;  // from 0, over all epochs
  std::uint64_t epoch = 0;
  std::span<const std::uint32_t> items;
};

class BatchPlan {
 public:
  BatchPlan(std::size_t items, const PipelineOptions& options);

  // The next batch, or nothing after the last epoch or step.
  std::optional<PlannedBatch> next();
  // The epoch that the next batch is of, or nothing when there is none.
  std::optional<std::uint64_t> next_epoch() const;

  std::uint64_t batches_per_epoch() const { return batches_per_epoch_; }

 private:
  void draw_order(std::uint64_t epoch);

  std::vector<std::uint32_t> order_;
  std::uint64_t seed_, epochs_, steps_;
  std::size_t batch_;
  bool shuffle_;
  std::uint64_t batches_per_epoch_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace datamon::pipeline
