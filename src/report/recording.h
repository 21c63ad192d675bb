// Reads a recording directory: bounds-checked views on the mapped files, no
// copy of spans. Recordings are untrusted input: no length in a file is
// believed before it is checked, and damage costs only what lies behind it.
//
// A Recording owns its mappings; every view, span and pointer obtained from it
// is valid as long as it lives. Const access is safe from several threads.
// Files may be growing while they are read: each view shows the records that
// were whole when the recording was opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "format/recording_format.h"

namespace datamon::report {

// Something is wrong with a file; everything before it is still there.
struct Problem {
  std::string file;          // file name inside the recording, or a path
  std::uint64_t offset = 0;  // bytes from the file's start
  std::string what;          // what is wrong and what it means for the report
};

// Nothing can be read at all: what, where, what to do next.
class RecordingError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Stage {
  std::uint16_t id = 0;
  std::uint16_t stage_class = 0;  // datamon_class
  std::uint16_t loader = 0;
  std::string name;  // raw bytes
};

// Ticks of one file to nanoseconds of the host's monotonic clock and of 1970.
class Clock {
 public:
  Clock() = default;
  Clock(format::ClockPair first, format::ClockPair latest, std::uint64_t ticks_per_second_hint);
  std::int64_t monotonic_ns(std::uint64_t ticks) const;
  std::int64_t realtime_ns(std::uint64_t ticks) const;
  double seconds(std::uint64_t duration_ticks) const;
  double ticks_per_second() const;

 private:
  format::ClockPair origin_{};
  double ns_per_tick_ = 1.0;
};

struct Track {
  format::TrackRecord record{};  // copied; name and numbers checked
  std::string name;
  std::vector<const format::Cell*> cells;                  // live ones, each stage known
  std::vector<std::span<const format::SpanRecord>> spans;  // in order of recording
  std::vector<std::uint64_t> spans_before;  // of each of `spans`: how many the track had stored
  std::vector<const format::SlowRecord*> slow;
};

struct Metric {
  std::string name;
  std::string unit;
  format::MetricKind kind{};
};

// The sampler's rows, oldest first.
struct Samples {
  std::vector<Metric> metrics;
  std::vector<const double*> rows;                                // metrics.size() values each
  std::vector<std::uint64_t> row_ticks;                           // same length as rows
  std::vector<std::span<const format::ProcessSample>> processes;  // one span a moment
  // Index of a metric, or nullopt.
  std::optional<std::size_t> find(std::string_view name) const;
};

// What a process read from data files; empty if nothing saw it.
struct DataFiles {
  const format::FileTotals* totals = nullptr;
  std::vector<const format::FileRecord*> records;  // whole ones, lengths checked
};

// One process of the job.
struct ProcessFile {
  std::string file;  // name inside the recording directory
  std::uint64_t file_bytes = 0;
  format::FileHeader header{};  // copied and checked
  std::string host;
  Clock clock;
  std::vector<Stage> stages;  // built-in ones included, sorted by id
  std::vector<Track> tracks;  // sorted by number
  Samples samples;
  DataFiles files;
  std::vector<std::pair<std::string, std::string>> notes;  // in order; a later key overrides

  const Stage* stage(std::uint16_t id) const;         // nullptr if unknown
  std::string_view note(std::string_view key) const;  // "" if absent
};

class Recording {
 public:
  // Opens every *.mon file of `directory` (files are read in parallel), or the
  // one file if a file is named. Throws RecordingError when the path does not
  // exist, cannot be read, or holds no recording file at all; damaged files end
  // up in problems().
  static Recording open(const std::filesystem::path& path);

  // The newest recording below `folder` (a directory holding *.mon), for
  // commands without a DIR. nullopt if there is none.
  struct Newest {
    std::filesystem::path path;
    std::filesystem::file_time_type written;
  };
  static std::optional<Newest> newest_below(const std::filesystem::path& folder);

  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  const std::filesystem::path& path() const;
  const std::vector<ProcessFile>& processes() const;  // root first, then by start
  const std::vector<Problem>& problems() const;

 private:
  struct Impl;
  explicit Recording(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace datamon::report
