#include "report/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace datamon::report {
namespace {

using format::BlockHeader;

// Records that are whole: what the block says, if it has room for it.
std::size_t whole(std::uint64_t count, std::size_t record_bytes, const BlockHeader& block,
                  std::size_t payload_bytes, std::uint64_t offset, ProblemLog& log) {
  const std::size_t room = (block.bytes - sizeof block) / record_bytes;
  if (count > room) {
    log.add(offset + offsetof(BlockHeader, count),
            fmt::format("{} rows in a block that has room for {}; skipped", count, room));
    return 0;
  }
  return std::min<std::size_t>(count, payload_bytes / record_bytes);
}

std::uint64_t ticks_at(const double* row) {
  std::uint64_t ticks;
  std::memcpy(&ticks, row, sizeof ticks);
  return ticks;
}

}  // namespace

void SamplesBuilder::add_metrics(std::span<const format::MetricRecord> records,
                                 std::uint64_t offset) {
  for (const format::MetricRecord& record : records) {
    Metric metric;
    // A column keeps its place even if its name is damaged.
    if (record.name_bytes > sizeof record.name || record.unit_bytes > sizeof record.unit) {
      log_.add(offset, "a metric with an impossible name; its values are not in the report");
    } else {
      metric.name.assign(record.name, record.name_bytes);
      metric.unit.assign(record.unit, record.unit_bytes);
    }
    metric.kind = record.kind == static_cast<std::uint32_t>(format::MetricKind::kCounter)
                      ? format::MetricKind::kCounter
                      : format::MetricKind::kGauge;
    metrics_.push_back(std::move(metric));
  }
}

void SamplesBuilder::add_rows(const BlockHeader& block, std::uint64_t offset,
                              std::span<const std::byte> payload) {
  rows_.push_back({block, offset, payload});
}

void SamplesBuilder::add_processes(const BlockHeader& block, std::uint64_t offset,
                                   std::span<const std::byte> payload) {
  processes_.push_back({block, offset, payload});
}

void SamplesBuilder::take_rows(Samples& samples, const Part& part) {
  const std::size_t row_values = 1 + samples.metrics.size();
  const std::size_t count = whole(part.block.count, row_values * sizeof(double), part.block,
                                  part.payload.size(), part.offset, log_);
  const auto* values = reinterpret_cast<const double*>(part.payload.data());
  for (std::size_t i = 0; i < count; ++i) {
    const double* row = values + i * row_values;
    const std::uint64_t ticks = ticks_at(row);
    if (!samples.row_ticks.empty() && ticks <= samples.row_ticks.back()) continue;
    samples.row_ticks.push_back(ticks);
    samples.rows.push_back(row + 1);
  }
}

void SamplesBuilder::take_processes(Samples& samples, const Part& part) {
  const std::size_t count = whole(part.block.count, sizeof(format::ProcessSample), part.block,
                                  part.payload.size(), part.offset, log_);
  const auto* records = reinterpret_cast<const format::ProcessSample*>(part.payload.data());
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin + 1;
    while (end < count && records[end].ticks == records[begin].ticks) ++end;
    samples.processes.emplace_back(records + begin, end - begin);
    begin = end;
  }
}

// Of twin blocks the one with the higher `active` is valid, unless it is being
// rewritten at this moment.
const SamplesBuilder::Part* SamplesBuilder::valid_part(const std::vector<Part>& parts) {
  const Part* best = nullptr;
  for (const Part& part : parts) {
    if (part.block.generation % 2 != 0) continue;
    if (best == nullptr || part.block.active > best->block.active) best = &part;
  }
  return best;
}

void SamplesBuilder::take(Samples& samples) {
  samples.metrics = std::move(metrics_);
  if (const Part* part = valid_part(rows_)) take_rows(samples, *part);
  if (const Part* part = valid_part(processes_)) take_processes(samples, *part);
}

}  // namespace datamon::report
