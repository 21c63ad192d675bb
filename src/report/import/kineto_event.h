// One event of a Kineto trace, and what it means. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/profile.h"

namespace datamon::report {

// A complete event (ph "X") as the file has it.
struct KinetoEvent {
  std::string name, category;      // cut at kMostName
  std::uint64_t pid = 0, tid = 0;  // texts ("stream 7") as hashes
  std::int64_t start_ns = 0, length_ns = 0;
  std::int64_t device = -1;
  std::uint64_t bytes = 0;

  std::int64_t end_ns() const { return start_ns + length_ns; }
};
inline constexpr std::size_t kMostName = 160;  // names of kernels are longer; nothing reads on

enum class KinetoKind : std::uint8_t {
  kIgnored,
  kStep,         // ProfilerStep#N: a turn of the loop, as the user marked it
  kWait,         // the DataLoader's __next__ in the consumer
  kKernel,       // kernels and memsets
  kCopy,         // between host and device
  kSynchronise,  // the host waits for a device
  kOptimizer,
  kForward,
  kBackward,
  kPart,  // work that may belong to the loader: see part_class()
};

KinetoKind kind_of(const KinetoEvent& event);
bool is_memset(const KinetoEvent& event);  // of those of kind kKernel

// Which stage of a loader a host event is, by its name; kOther if none.
StageClass part_class(const KinetoEvent& event);

// A wait of a DataLoader with num_workers=0, which makes the batch itself.
bool makes_batch_itself(const KinetoEvent& wait);

enum class CopyKind : std::uint8_t {
  kToDevicePinned,
  kToDevicePageable,
  kToDevice,
  kToHost,
  kOther
};
CopyKind copy_kind(std::string_view name);

// Microseconds in decimal ("4763683131498.886") as nanoseconds, without going through
// a double that cannot hold them. False for what is no number or beyond 73 years.
bool parse_us(std::string_view text, std::int64_t& ns);

}  // namespace datamon::report
