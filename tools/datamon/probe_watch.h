// Ends an experiment (docs/probe.md) as soon as it has found out enough.
#pragma once

#include <filesystem>
#include <thread>

namespace datamon::cli {

// Looks at the recording's experiment once a second, from a thread of its own, until this
// object goes. Nothing that goes wrong there is an error: the experiment then ends by
// its time limit.
class ProbeWatch {
 public:
  explicit ProbeWatch(std::filesystem::path recording);
  ~ProbeWatch() = default;  // stops and joins
  ProbeWatch(const ProbeWatch&) = delete;
  ProbeWatch& operator=(const ProbeWatch&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace datamon::cli
