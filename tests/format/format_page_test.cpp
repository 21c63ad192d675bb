// docs/recording-format.md says the same as the header: every field with its
// offset and size, and no byte of a structure is left out.
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "format/probe_format.h"
#include "format/recording_format.h"

namespace datamon::test {
namespace {

struct Field {
  std::string name;
  std::size_t offset, bytes;
  bool operator==(const Field&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Field& field) {
  return out << field.offset << "+" << field.bytes << " " << field.name;
}

struct Structure {
  std::string name;
  std::size_t bytes;
  std::vector<Field> fields;
};

#define DATAMON_FIELD(type, field) \
  Field { #field, offsetof(format::type, field), sizeof(format::type::field) }

const std::vector<Structure>& structures() {
  static const std::vector<Structure> all = {
      {"ClockPair",
       sizeof(format::ClockPair),
       {
           DATAMON_FIELD(ClockPair, ticks),
           DATAMON_FIELD(ClockPair, monotonic_ns),
           DATAMON_FIELD(ClockPair, realtime_ns),
           DATAMON_FIELD(ClockPair, uncertainty_ns),
       }},
      {"FileHeader",
       sizeof(format::FileHeader),
       {
           DATAMON_FIELD(FileHeader, magic),
           DATAMON_FIELD(FileHeader, version_major),
           DATAMON_FIELD(FileHeader, version_minor),
           DATAMON_FIELD(FileHeader, byte_order_mark),
           DATAMON_FIELD(FileHeader, header_bytes),
           DATAMON_FIELD(FileHeader, max_bytes),
           DATAMON_FIELD(FileHeader, allocated_bytes),
           DATAMON_FIELD(FileHeader, pid),
           DATAMON_FIELD(FileHeader, parent_pid),
           DATAMON_FIELD(FileHeader, rank),
           DATAMON_FIELD(FileHeader, local_rank),
           DATAMON_FIELD(FileHeader, world_size),
           DATAMON_FIELD(FileHeader, is_root),
           DATAMON_FIELD(FileHeader, process_start),
           DATAMON_FIELD(FileHeader, boot_id),
           DATAMON_FIELD(FileHeader, host),
           DATAMON_FIELD(FileHeader, clock_kind),
           DATAMON_FIELD(FileHeader, end_state),
           DATAMON_FIELD(FileHeader, end_ticks),
           DATAMON_FIELD(FileHeader, first_pair),
           DATAMON_FIELD(FileHeader, latest_pair),
           DATAMON_FIELD(FileHeader, latest_index),
           DATAMON_FIELD(FileHeader, ticks_per_second),
           DATAMON_FIELD(FileHeader, span_cost_ticks_x1024),
           DATAMON_FIELD(FileHeader, reading_ticks),
           DATAMON_FIELD(FileHeader, startup_ticks),
           DATAMON_FIELD(FileHeader, sampler_cpu_ns),
           DATAMON_FIELD(FileHeader, budget_ppm),
           DATAMON_FIELD(FileHeader, dropped_spans),
           DATAMON_FIELD(FileHeader, unstored_spans),
           DATAMON_FIELD(FileHeader, mismatched_ends),
           DATAMON_FIELD(FileHeader, refused_stages),
           DATAMON_FIELD(FileHeader, disk_full_events),
           DATAMON_FIELD(FileHeader, unrecorded_children),
       }},
      {"BlockHeader",
       sizeof(format::BlockHeader),
       {
           DATAMON_FIELD(BlockHeader, magic),
           DATAMON_FIELD(BlockHeader, type),
           DATAMON_FIELD(BlockHeader, reserved0),
           DATAMON_FIELD(BlockHeader, bytes),
           DATAMON_FIELD(BlockHeader, track),
           DATAMON_FIELD(BlockHeader, count),
           DATAMON_FIELD(BlockHeader, first),
           DATAMON_FIELD(BlockHeader, generation),
           DATAMON_FIELD(BlockHeader, active),
           DATAMON_FIELD(BlockHeader, reserved1),
       }},
      {"StageRecord",
       sizeof(format::StageRecord),
       {
           DATAMON_FIELD(StageRecord, id),
           DATAMON_FIELD(StageRecord, stage_class),
           DATAMON_FIELD(StageRecord, loader),
           DATAMON_FIELD(StageRecord, name_bytes),
           DATAMON_FIELD(StageRecord, name),
       }},
      {"TrackRecord",
       sizeof(format::TrackRecord),
       {
           DATAMON_FIELD(TrackRecord, number),
           DATAMON_FIELD(TrackRecord, tid),
           DATAMON_FIELD(TrackRecord, role),
           DATAMON_FIELD(TrackRecord, index),
           DATAMON_FIELD(TrackRecord, loader),
           DATAMON_FIELD(TrackRecord, threads),
           DATAMON_FIELD(TrackRecord, start_ticks),
           DATAMON_FIELD(TrackRecord, end_ticks),
           DATAMON_FIELD(TrackRecord, span_count),
           DATAMON_FIELD(TrackRecord, root_ticks),
           DATAMON_FIELD(TrackRecord, sampled_roots),
           DATAMON_FIELD(TrackRecord, skipped_roots),
           DATAMON_FIELD(TrackRecord, merge_state),
           DATAMON_FIELD(TrackRecord, name_bytes),
           DATAMON_FIELD(TrackRecord, name),
       }},
      {"Cell",
       sizeof(format::Cell),
       {
           DATAMON_FIELD(Cell, window),
           DATAMON_FIELD(Cell, shift),
           DATAMON_FIELD(Cell, state),
           DATAMON_FIELD(Cell, stage),
           DATAMON_FIELD(Cell, reserved),
           DATAMON_FIELD(Cell, count),
           DATAMON_FIELD(Cell, wall_ticks),
           DATAMON_FIELD(Cell, self_ticks),
           DATAMON_FIELD(Cell, bytes),
           DATAMON_FIELD(Cell, max_ticks),
           DATAMON_FIELD(Cell, sampled_count),
           DATAMON_FIELD(Cell, sampled_self_ns),
           DATAMON_FIELD(Cell, cpu_ns),
           DATAMON_FIELD(Cell, runqueue_ns),
           DATAMON_FIELD(Cell, fault_ns),
           DATAMON_FIELD(Cell, major_faults),
           DATAMON_FIELD(Cell, histogram),
       }},
      {"SpanRecord",
       sizeof(format::SpanRecord),
       {
           DATAMON_FIELD(SpanRecord, start),
           DATAMON_FIELD(SpanRecord, duration),
           DATAMON_FIELD(SpanRecord, id),
           DATAMON_FIELD(SpanRecord, bytes),
           DATAMON_FIELD(SpanRecord, stage),
           DATAMON_FIELD(SpanRecord, depth),
           DATAMON_FIELD(SpanRecord, flags),
       }},
      {"SlowPart",
       sizeof(format::SlowPart),
       {
           DATAMON_FIELD(SlowPart, self_ticks),
           DATAMON_FIELD(SlowPart, stage),
           DATAMON_FIELD(SlowPart, reserved),
       }},
      {"SlowRecord",
       sizeof(format::SlowRecord),
       {
           DATAMON_FIELD(SlowRecord, start),
           DATAMON_FIELD(SlowRecord, duration),
           DATAMON_FIELD(SlowRecord, id),
           DATAMON_FIELD(SlowRecord, bytes),
           DATAMON_FIELD(SlowRecord, version),
           DATAMON_FIELD(SlowRecord, stage),
           DATAMON_FIELD(SlowRecord, name_bytes),
           DATAMON_FIELD(SlowRecord, parts),
           DATAMON_FIELD(SlowRecord, part),
           DATAMON_FIELD(SlowRecord, name),
       }},
      {"MetricRecord",
       sizeof(format::MetricRecord),
       {
           DATAMON_FIELD(MetricRecord, kind),
           DATAMON_FIELD(MetricRecord, unit_bytes),
           DATAMON_FIELD(MetricRecord, name_bytes),
           DATAMON_FIELD(MetricRecord, unit),
           DATAMON_FIELD(MetricRecord, name),
       }},
      {"ProcessSample",
       sizeof(format::ProcessSample),
       {
           DATAMON_FIELD(ProcessSample, ticks),
           DATAMON_FIELD(ProcessSample, pid),
           DATAMON_FIELD(ProcessSample, threads),
           DATAMON_FIELD(ProcessSample, cpu_ns),
           DATAMON_FIELD(ProcessSample, rss_bytes),
           DATAMON_FIELD(ProcessSample, major_faults),
           DATAMON_FIELD(ProcessSample, read_bytes),
       }},
      {"FileTotals",
       sizeof(format::FileTotals),
       {
           DATAMON_FIELD(FileTotals, uses),
           DATAMON_FIELD(FileTotals, reads),
           DATAMON_FIELD(FileTotals, bytes_read),
           DATAMON_FIELD(FileTotals, bytes_mapped),
           DATAMON_FIELD(FileTotals, read_ticks),
           DATAMON_FIELD(FileTotals, storage_bytes),
           DATAMON_FIELD(FileTotals, slow_reads),
           DATAMON_FIELD(FileTotals, slow_ticks),
           DATAMON_FIELD(FileTotals, unlisted_uses),
           DATAMON_FIELD(FileTotals, replaced),
           DATAMON_FIELD(FileTotals, reserved),
           DATAMON_FIELD(FileTotals, sketch),
       }},
      {"FileRecord",
       sizeof(format::FileRecord),
       {
           DATAMON_FIELD(FileRecord, key),
           DATAMON_FIELD(FileRecord, version),
           DATAMON_FIELD(FileRecord, file_bytes),
           DATAMON_FIELD(FileRecord, uses),
           DATAMON_FIELD(FileRecord, reads),
           DATAMON_FIELD(FileRecord, bytes_read),
           DATAMON_FIELD(FileRecord, bytes_mapped),
           DATAMON_FIELD(FileRecord, read_ticks),
           DATAMON_FIELD(FileRecord, longest_ticks),
           DATAMON_FIELD(FileRecord, storage_bytes),
           DATAMON_FIELD(FileRecord, slow_reads),
           DATAMON_FIELD(FileRecord, path_bytes),
           DATAMON_FIELD(FileRecord, reserved),
           DATAMON_FIELD(FileRecord, path),
       }},
      {"ProbeHeader",
       sizeof(format::ProbeHeader),
       {
           DATAMON_FIELD(ProbeHeader, magic),      DATAMON_FIELD(ProbeHeader, version),
           DATAMON_FIELD(ProbeHeader, delay_ppm),  DATAMON_FIELD(ProbeHeader, seed),
           DATAMON_FIELD(ProbeHeader, created_ns), DATAMON_FIELD(ProbeHeader, limit_ns),
           DATAMON_FIELD(ProbeHeader, boot_id),    DATAMON_FIELD(ProbeHeader, window_ns),
           DATAMON_FIELD(ProbeHeader, settle_ns),  DATAMON_FIELD(ProbeHeader, step_ns),
           DATAMON_FIELD(ProbeHeader, pid),        DATAMON_FIELD(ProbeHeader, tid),
           DATAMON_FIELD(ProbeHeader, loader),     DATAMON_FIELD(ProbeHeader, class_count),
           DATAMON_FIELD(ProbeHeader, classes),    DATAMON_FIELD(ProbeHeader, claimed),
           DATAMON_FIELD(ProbeHeader, reserved),   DATAMON_FIELD(ProbeHeader, start_ns),
           DATAMON_FIELD(ProbeHeader, stop_ns),    DATAMON_FIELD(ProbeHeader, first_wait_ns),
           DATAMON_FIELD(ProbeHeader, workers),    DATAMON_FIELD(ProbeHeader, own_ns),
           DATAMON_FIELD(ProbeHeader, added_ns),
       }},
      {"ProbeWindow",
       sizeof(format::ProbeWindow),
       {
           DATAMON_FIELD(ProbeWindow, first_ns),
           DATAMON_FIELD(ProbeWindow, last_ns),
           DATAMON_FIELD(ProbeWindow, steps),
           DATAMON_FIELD(ProbeWindow, added_ns),
           DATAMON_FIELD(ProbeWindow, own_ns),
       }},
  };
  return all;
}

// The tables under "### NAME: BYTES bytes".
std::map<std::string, Structure> page() {
  std::ifstream file(DATAMON_FORMAT_PAGE);
  std::map<std::string, Structure> found;
  Structure* current = nullptr;
  for (std::string line; std::getline(file, line);) {
    char name[64];
    std::size_t offset = 0, bytes = 0;
    if (std::sscanf(line.c_str(), "### %63[A-Za-z]: %zu bytes", name, &bytes) == 2) {
      current = &(found[name] = {name, bytes, {}});
    } else if (current != nullptr && std::sscanf(line.c_str(), "| %zu | %zu | `%63[a-z0-9_]`",
                                                 &offset, &bytes, name) == 3) {
      current->fields.push_back({name, offset, bytes});
    }
  }
  return found;
}

TEST(FormatPage, SaysWhatTheHeaderSays) {
  const auto documented = page();
  EXPECT_EQ(documented.size(), structures().size());
  for (const Structure& structure : structures()) {
    ASSERT_TRUE(documented.contains(structure.name)) << structure.name;
    EXPECT_EQ(documented.at(structure.name).bytes, structure.bytes) << structure.name;
    EXPECT_EQ(documented.at(structure.name).fields, structure.fields) << structure.name;
  }
}

TEST(FormatPage, LeavesOutNoByte) {
  for (const Structure& structure : structures()) {
    std::size_t end = 0;
    for (const Field& field : structure.fields) {
      EXPECT_EQ(field.offset, end) << structure.name << "." << field.name;
      end = field.offset + field.bytes;
    }
    EXPECT_EQ(end, structure.bytes) << structure.name;
  }
}

}  // namespace
}  // namespace datamon::test
