// Puts together the sampler's rows of one file from its blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "report/problem_log.h"
#include "report/recording.h"

namespace datamon::report {

class SamplesBuilder {
 public:
  explicit SamplesBuilder(ProblemLog& log) : log_(log) {}

  // `offset`: of the block in the file.
  void add_metrics(std::span<const format::MetricRecord> records, std::uint64_t offset);
  void add_rows(const format::BlockHeader& block, std::uint64_t offset,
                std::span<const std::byte> payload);
  void add_processes(const format::BlockHeader& block, std::uint64_t offset,
                     std::span<const std::byte> payload);

  void take(Samples& samples);

 private:
  struct Part {
    format::BlockHeader block;
    std::uint64_t offset;
    std::span<const std::byte> payload;
  };

  static const Part* valid_part(const std::vector<Part>& parts);
  void take_rows(Samples& samples, const Part& part);
  void take_processes(Samples& samples, const Part& part);

  std::vector<Metric> metrics_;
  std::vector<Part> rows_;
  std::vector<Part> processes_;
  ProblemLog& log_;
};

}  // namespace datamon::report
