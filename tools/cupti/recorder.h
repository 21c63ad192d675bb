// Spans of CUPTI's activities in the job's recording: a track for each device, one
// for each of its streams, and one for each thread that waits for a device.
//
// Used by one thread, which has no other spans. Never allocates, but in the monitor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "datamon/monitor.h"
#include "span_maker.h"

namespace datamon::cupti {

class Recorder final : public SpanSink {
 public:
  // Defines the stages.
  void start();

  // What the number in the spans of kernels stands for.
  void kernel_name(std::uint32_t number, std::string_view name);

  void device_span(const Activity& activity, std::uint64_t start, std::uint64_t end,
                   std::uint64_t launched) override;
  void thread_span(const Activity& activity, std::uint64_t start, std::uint64_t end) override;
  void busy_span(std::uint32_t device, std::uint64_t start, std::uint64_t end) override;

 private:
  // Streams beyond these share their device's last place.
  static constexpr std::size_t kMostStreams = 128;
  struct Stream {
    std::uint32_t device, stream, place;
  };

  // From 1 on, in the order of appearance. Notes the name of a new device.
  std::uint32_t place_of(std::uint32_t device, std::uint32_t stream);
  void go_to(datamon_role role, std::uint32_t index, std::uint32_t number, std::uint32_t stream);

  std::array<datamon_stage, kWhats> stages_{};
  std::array<Stream, kMostStreams> streams_{};
  std::size_t stream_count_ = 0;
  std::uint64_t track_ = UINT64_MAX;  // role and index of the one it is at
};

}  // namespace datamon::cupti
