// Writes valid recordings for tests, straight through the format's structs:
// what a perfect monitor would have left for the spans that a test describes.
// Cells, spans, slow items and counters agree with each other.
//
//     FileBuilder file({.pid = 100, .is_root = true});
//     TrackBuilder& consumer = file.track(kConsumer, 0, "main");
//     consumer.begin(kWait, 0.5);
//     consumer.end(0.9, {.id = 0});
//     file.write(directory);
//
// Times are seconds since the job began; spans of a track are ended in order of
// time. For whole loaders see loader_model.h. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/recording_format.h"

namespace datamon::testing {

// Stage and role numbers, as in include/datamon/monitor.h.
enum : std::uint16_t {
  kInit = 1,
  kFetch = 2,
  kRead = 3,
  kDecode = 4,
  kTransform = 5,
  kCollate = 6,
  kSend = 7,
  kQueue = 8,
  kReceive = 9,
  kPin = 10,
  kTransfer = 11,
  kWait = 12,
  kCompute = 13,
  kFirstUserStage = 64
};
enum : std::uint32_t {
  kOtherRole,
  kConsumer,
  kWorker,
  kPinRole,
  kSamplerRole,
  kDeviceRole,
  kDeviceCallsRole
};

// How the exclusive time of a span was spent; the rest is blocked.
struct Split {
  double cpu = 1, runqueue = 0;  // shares of it
  double fault = 0;              // share that was blocked with major page faults
};

// What is said at the end of a span.
struct SpanEnd {
  std::uint64_t id = format::kNoId;
  std::uint64_t bytes = 0;
  std::string_view name = {};
  std::optional<Split> split = {};  // nullopt: CPU time was not read
};

struct FileOptions {
  std::uint32_t pid = 1000, parent_pid = 1;
  bool is_root = false;
  std::string host = "testhost";
  std::string boot_id = "00000000-0000-0000-0000-000000000001";
  std::uint32_t rank = format::kUnknown, local_rank = format::kUnknown,
                world_size = format::kUnknown;
  double start_s = 0;               // when the process attached
  double end_s = -1;                // <0: after the last span
  double ticks_per_second = 2.5e9;  // not 1e9, so that tests see a forgotten conversion
  std::uint64_t base_ticks = 7'000'000'000;
  double realtime_offset_s = 0;  // of this host's clock against the others'
  int window_shift = 28;         // 0.107 s at the default rate
  format::EndState end_state = format::EndState::kExited;
  double span_cost_ns = 25;
  double reading_s = 0, startup_s = 0.001, sampler_cpu_s = 0;
  std::size_t span_block_bytes = format::kSpanBlockBytes;
  std::size_t most_stored_spans = SIZE_MAX;  // of a track: the first and latest halves are kept
};

class FileBuilder;

class TrackBuilder {
 public:
  void begin(std::uint16_t stage, double at_s);
  // Ends the innermost span.
  void end(double at_s, const SpanEnd& what = {});
  // begin and end in one: a span without others inside.
  void span(std::uint16_t stage, double from_s, double to_s, const SpanEnd& what = {});
  // As datamon_record(): not on the thread's stack.
  void interval(std::uint16_t stage, double from_s, double to_s, std::uint64_t id,
                std::uint64_t bytes = 0);
  // Keeps the outermost span that ends next as one of the slowest items.
  void keep_next_as_slow() { keep_slow_ = true; }
  // The thread ended (otherwise it was cut off by the end of the process).
  void finish(double at_s);
  void start(double at_s);

  format::TrackRecord& record() { return record_; }
  const std::vector<format::SpanRecord>& spans() const { return spans_; }

 private:
  friend class FileBuilder;
  struct Open {
    std::uint16_t stage;
    std::uint64_t start;
    std::uint64_t nested = 0;  // ticks
  };

  void add_to_cell(std::uint16_t stage, std::uint64_t end, std::uint64_t wall, std::uint64_t self,
                   std::uint64_t bytes, const std::optional<Split>& split);
  void keep_slow(const Open& outermost, std::uint64_t duration, const SpanEnd& what);

  FileBuilder* file_ = nullptr;
  format::TrackRecord record_{};
  std::vector<Open> open_;
  std::vector<format::SpanRecord> spans_;
  std::map<std::pair<std::uint64_t, std::uint16_t>, format::Cell> cells_;  // by window, stage
  std::vector<format::SlowRecord> slow_;
  std::map<std::uint16_t, std::uint64_t> slow_parts_;  // self ticks inside the open root
  bool keep_slow_ = false;
};

// A column of the sampler and its value at a time.
struct MetricColumn {
  std::string name, unit;
  format::MetricKind kind = format::MetricKind::kGauge;
  std::function<double(double at_s)> value;
};

class FileBuilder {
 public:
  explicit FileBuilder(FileOptions options);

  // A stage of the job's own; returns its number.
  std::uint16_t stage(std::string_view name, std::uint16_t stage_class, std::uint16_t loader = 0);
  // The reference stays valid.
  TrackBuilder& track(std::uint32_t role, std::uint32_t index, std::string_view name,
                      std::uint32_t loader = 0);
  void note(std::string_view key, std::string_view value);
  // Sampler rows at from, from + every, ... up to `to`.
  void sample(const std::vector<MetricColumn>& columns, double from_s, double to_s, double every_s);
  // What the sampler saw of a process.
  void sample_process(double at_s, std::uint32_t pid, double cpu_s, std::uint64_t rss_bytes,
                      std::uint64_t read_bytes);

  // What the process read of a data file. Unlisted: it found no record.
  void data_file(std::string_view path, std::uint64_t uses, std::uint64_t bytes, double read_s,
                 bool listed = true);

  format::FileHeader& header() { return header_; }  // for tests of odd headers
  const FileOptions& options() const { return options_; }

  std::uint64_t ticks(double at_s) const;
  // The file's content.
  std::vector<std::byte> bytes() const;
  // Writes HOST-PID-START.mon into `directory`, which is created; returns its path.
  std::filesystem::path write(const std::filesystem::path& directory) const;

 private:
  friend class TrackBuilder;
  format::ClockPair pair_at(double at_s) const;

  FileOptions options_;
  format::FileHeader header_{};
  std::vector<format::StageRecord> stages_;
  std::deque<TrackBuilder> tracks_;
  std::string notes_;
  std::vector<format::MetricRecord> metrics_;
  std::vector<double> rows_;
  std::vector<format::ProcessSample> processes_;
  std::vector<format::FileTotals> file_totals_;
  std::vector<format::FileRecord> files_;
  double last_s_ = 0;
};

// The histogram bucket of a duration; the format's rule, written independently.
int histogram_bucket(std::uint64_t ticks);

}  // namespace datamon::testing
