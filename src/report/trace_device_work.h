// What slices of device work begin with and say, by stage and kernel: made once
// for each process. Const access from one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/device_work.h"
#include "report/recording.h"

namespace datamon::report {

struct TraceDeviceStage {
  std::string head;         // {"ph":"X","name":"copy to device","cat":"gpu"
  std::string_view memory;  // of the host, that a copy reads: "pinned"; "": not said
  bool kernel = false;
};

class TraceDeviceWork {
 public:
  explicit TraceDeviceWork(const ProcessFile& process);

  // Damage may name stages that nobody defined; those are called "unknown stage".
  const TraceDeviceStage& of(std::uint16_t stage) const {
    return stages_[stage < place_.size() ? place_[stage] : 0];
  }
  // A kernel's head; that of its stage where its name is not known.
  std::string_view kernel_head(const TraceDeviceStage& stage, std::uint64_t number) const;

 private:
  std::vector<std::uint16_t> place_;  // by stage id
  std::vector<TraceDeviceStage> stages_;
  std::vector<std::string> kernels_;  // heads by number; "": not known
  std::string other_kernels_;
};

}  // namespace datamon::report
