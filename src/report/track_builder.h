// Puts together the tracks of one file from its blocks, which lie in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "report/problem_log.h"
#include "report/recording.h"

namespace datamon::report {

class TrackBuilder {
 public:
  explicit TrackBuilder(ProblemLog& log) : log_(log) {}

  // `offset`: of the block in the file.
  void add_record(std::uint64_t offset, std::span<const std::byte> payload);
  void add_cells(std::uint32_t track, std::uint64_t offset, std::span<const std::byte> payload);
  // `first`: how many spans of the track were stored before these.
  void add_spans(std::uint32_t track, std::uint64_t first,
                 std::span<const format::SpanRecord> spans);
  // `offset`: of the first record.
  void add_slow(std::uint32_t track, std::uint64_t offset,
                std::span<const format::SlowRecord> records);

  // The tracks by number, with what refers to unknown stages left out.
  std::vector<Track> take(const std::vector<Stage>& stages);

 private:
  struct PlacedCell {
    const format::Cell* cell;
    std::uint64_t offset;
  };
  struct PlacedSpans {
    std::uint64_t first;
    std::span<const format::SpanRecord> spans;
  };
  struct Parts {
    bool has_record = false;
    std::uint64_t offset = 0;  // where the file first mentions the track
    Track track;
    std::vector<PlacedCell> cells;  // free ones too: their place is their number
    std::vector<PlacedSpans> spans;
  };

  Parts& parts(std::uint32_t number, std::uint64_t offset);
  void finish_cells(Parts& parts, const std::vector<Stage>& stages);
  void finish_spans(Parts& parts);

  std::map<std::uint32_t, Parts> parts_;
  ProblemLog& log_;
};

}  // namespace datamon::report
