// The lines of MegEngine's data monitor, found among anything else. Not thread-safe.
//
//   pid: 7, dataset_time: 0.008766, transform_time: 0.012383, collate_time: 0.000229
//   pid: 7, idx: 10, dataset_time: ..., transform_time: ..., collate_time: ...
//   pid: 3, idx: 10, IPC_time: 0.003600
//
// The first is of a loader without workers, one a batch; the second of a worker and
// the third of the consumer, each only for some batches (MGE_DATA_MONITOR_FREQUENCY).
// Times are seconds, with six decimals always: a number that was cut off has fewer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "report/import/byte_stream.h"

namespace datamon::report {

struct MonitorLine {
  enum class Kind : std::uint8_t { kSerial, kWorker, kConsumer };
  Kind kind = Kind::kSerial;
  std::uint64_t pid = 0;
  std::uint64_t idx = 0;                                 // of the batch; not of kSerial
  double dataset_s = 0, transform_s = 0, collate_s = 0;  // not of kConsumer
  double ipc_s = 0;  // of kConsumer; slightly negative if the worker put another batch meanwhile
};

struct LogReading {
  std::uint64_t damaged = 0;        // looked like such a line, but was not whole
  std::uint64_t first_damaged = 0;  // where
  bool map_workers_failed = false;  // known defects of the data monitor ended the job
  bool serial_failed = false;
  std::string error;  // why reading stopped early; "" if it did not
};

// Calls `use` for each such line. Text around it on the same line, colour escapes, carriage
// returns and lines written into one another are passed over.
LogReading read_megengine_log(ByteStream& bytes,
                              const std::function<void(const MonitorLine&)>& use);

}  // namespace datamon::report
