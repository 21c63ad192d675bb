// The events of a trace, each written in one place: what viewers require of
// them (docs/chrome-trace.md) is kept here and nowhere else. Counts what it
// writes. Used by one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "report/trace_json.h"
#include "report/trace_layout.h"
#include "report/trace_stages.h"

namespace datamon::report {

struct ItemArgs {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;  // 0: not said
  std::string_view name;    // raw bytes, may be empty
};

// Of a slice on a row of a device.
struct DeviceArgs {
  std::uint64_t bytes = 0;     // 0: not said
  std::string_view memory;     // of the host: "pinned", "pageable"; "": not said
  std::int64_t launched = -1;  // ns on the axis; -1: not known
  std::int64_t queued = -1;    // ns from its launch to its start
  std::int64_t lasted = -1;    // ns, where the slice is shorter; else -1
};

// Where an event belongs; `text` is made once for each thread.
struct TracePlace {
  std::uint64_t pid = 0, tid = 0;
  std::string text;  // ,"pid":1,"tid":2,"ts":

  TracePlace() = default;
  TracePlace(std::uint64_t process, std::uint64_t thread);
};

struct CounterSeries {
  std::string_view name;  // raw bytes
  double value = 0;       // finite
};

class TraceEvents {
 public:
  explicit TraceEvents(JsonBuffer& out) : out_(out) {}

  void process(std::uint64_t pid, std::string_view name, std::size_t sort_index);
  void thread(std::uint64_t pid, std::uint64_t tid, std::string_view name, std::size_t sort_index);

  void slice(const TraceStage& stage, const TracePlace& place, Slice at) {
    char* out = slice_start(stage.head, place, at);
    *out++ = '}';
    out_.taken(out);
  }
  // `head`: as TraceStage::head.
  void device_slice(std::string_view head, const TracePlace& place, Slice at,
                    const DeviceArgs& args);
  void slice(const TraceStage& stage, const TracePlace& place, Slice at, const ItemArgs& item);

  // An arrow from the slice of `from` that starts at from_ns to the one of `to`
  // that starts at to_ns; both must have been written before.
  void arrow(std::uint64_t batch, const TracePlace& from, std::int64_t from_ns,
             const TracePlace& to, std::int64_t to_ns);

  void counter(std::uint64_t pid, std::string_view name, std::int64_t ns,
               std::span<const CounterSeries> series);

  std::uint64_t slices() const { return slices_; }
  std::uint64_t arrows() const { return arrows_; }
  std::uint64_t counters() const { return counters_; }

 private:
  void separate() {
    out_.text(first_ ? "\n" : ",\n");
    first_ = false;
  }
  // Names are at most some hundred bytes, so this always finds room.
  char* slice_start(std::string_view head, const TracePlace& place, Slice at) {
    constexpr std::size_t kRest = 320;  // separators, keys and numbers, the arguments' included
    char* out = out_.room(head.size() + place.text.size() + kRest);
    out = JsonBuffer::put(out, first_ ? "\n" : ",\n");
    first_ = false;
    out = JsonBuffer::put(out, head);
    out = JsonBuffer::put(out, place.text);
    out = JsonBuffer::put_microseconds(out, at.start);
    out = JsonBuffer::put(out, ",\"dur\":");
    out = JsonBuffer::put_microseconds(out, at.end - at.start);
    ++slices_;
    return out;
  }
  void metadata(std::string_view kind, std::uint64_t pid, std::uint64_t tid, std::string_view args);

  JsonBuffer& out_;
  bool first_ = true;
  std::uint64_t slices_ = 0, arrows_ = 0, counters_ = 0;
};

}  // namespace datamon::report
