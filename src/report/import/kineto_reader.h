// Reads a Kineto trace as a stream and hands over its events. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "report/import/byte_stream.h"
#include "report/import/kineto_event.h"

namespace datamon::report {

// What the file says about itself.
struct KinetoHeader {
  std::string host;
  std::map<std::int64_t, std::string> device_names;  // bounded
  int rank = 0, ranks = 1;
};

struct KinetoReading {
  KinetoHeader header;
  bool any_event_list = false;  // "traceEvents", or a bare list
  std::uint64_t events = 0;     // all of them
  std::uint64_t unusable = 0;   // complete events whose times are none
  std::string error;            // why reading stopped early; "" if it did not
  std::uint64_t offset = 0;     // where
};

// Calls `use` for each complete event ("ph": "X") with a time and a length.
KinetoReading read_kineto(ByteStream& bytes, const std::function<void(const KinetoEvent&)>& use);

}  // namespace datamon::report
