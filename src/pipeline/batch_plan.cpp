#include "pipeline/batch_plan.h"

#include <algorithm>
#include <numeric>

#include "pipeline/ops/random.h"

namespace datamon::pipeline {
namespace {

// The stream of the generator that orders an epoch; items use their own streams.
constexpr std::uint64_t kOrderStream = 0x6f72646572;  // "order"

// 0: no limit.
std::uint64_t epoch_limit(const PipelineOptions& options) {
  if (options.epochs != 0) return options.epochs;
  return options.seconds > 0 || options.steps > 0 ? 0 : 1;
}

}  // namespace

BatchPlan::BatchPlan(std::size_t items, const PipelineOptions& options)
    : order_(items),
      seed_(options.seed),
      epochs_(epoch_limit(options)),
      steps_(options.steps),
      batch_(static_cast<std::size_t>(options.batch)),
      shuffle_(options.shuffle) {
  batches_per_epoch_ = options.drop_last ? items / batch_ : (items + batch_ - 1) / batch_;
  std::iota(order_.begin(), order_.end(), 0u);
}

std::optional<std::uint64_t> BatchPlan::next_epoch() const {
  if (batches_per_epoch_ == 0 || (steps_ != 0 && number_ >= steps_)) return std::nullopt;
  const std::uint64_t epoch = number_ / batches_per_epoch_;
  if (epochs_ != 0 && epoch >= epochs_) return std::nullopt;
  return epoch;
}

std::optional<PlannedBatch> BatchPlan::next() {
  const auto epoch = next_epoch();
  if (!epoch) return std::nullopt;
  const std::uint64_t in_epoch = number_ % batches_per_epoch_;
  if (in_epoch == 0 && shuffle_) draw_order(*epoch);
  const std::size_t first = in_epoch * batch_;
  const std::size_t count = std::min(batch_, order_.size() - first);
  return PlannedBatch{number_++, *epoch, std::span(order_).subspan(first, count)};
}

void BatchPlan::draw_order(std::uint64_t epoch) {
  std::iota(order_.begin(), order_.end(), 0u);
  Random random = Random::for_item(seed_, epoch, kOrderStream << 24);
  for (std::size_t i = order_.size(); i > 1; --i)
    std::swap(order_[i - 1], order_[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace datamon::pipeline
