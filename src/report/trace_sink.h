// Where a trace goes: a file that appears under its name only when it is
// whole, a gzip of the same, or standard output.
//
// A sink is used by one thread. Errors throw TraceOutputError, which says what
// failed on which file and what to do.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace datamon::report {

class TraceOutputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void write(const char* data, std::size_t bytes) = 0;
  // The trace is complete: the file gets its name. Without this call nothing
  // is left behind that could be taken for a trace.
  virtual void commit() = 0;
};

struct TraceTarget {
  std::filesystem::path path;  // "-" is standard output; a name in .gz is compressed
  bool overwrite = false;      // false: an existing file is an error
};

// Opens the target at once, so that a wrong path fails before any work is done.
std::unique_ptr<TraceSink> open_trace_sink(const TraceTarget& target);

}  // namespace datamon::report
