#include "report/trace_device_work.h"

#include <fmt/format.h>

#include "report/trace_json.h"

namespace datamon::report {
namespace {

std::string head_of(std::string_view name) {
  return fmt::format(R"({{"ph":"X","name":{},"cat":"gpu")", json_string(name));
}

struct Words {
  std::string_view name, memory;
};

Words words_of(DeviceWork work) {
  switch (work) {
    case DeviceWork::kUnknown:
      break;
    case DeviceWork::kKernel:
      return {"kernel", ""};
    case DeviceWork::kMemset:
      return {"memset", ""};
    case DeviceWork::kCopyWithin:
      return {"copy within the device", ""};
    case DeviceWork::kToDevicePinned:
      return {"copy to device", "pinned"};
    case DeviceWork::kToDevicePageable:
      return {"copy to device, pageable", "pageable"};
    case DeviceWork::kToDevice:
      return {"copy to device", ""};
    case DeviceWork::kToHost:
      return {"copy to host", ""};
    case DeviceWork::kWait:
      return {"wait for the device", ""};
    case DeviceWork::kLoad:
      return {"load code", ""};
    case DeviceWork::kMonitor:
      return {"CUPTI's own work", ""};
  }
  return {};
}

TraceDeviceStage make_stage(std::string_view name) {
  const DeviceWork work = device_work(name);
  const Words words = words_of(work);
  if (!words.name.empty()) name = words.name;
  return {head_of(name.empty() ? "unnamed stage" : name), words.memory,
          work == DeviceWork::kKernel};
}

}  // namespace

TraceDeviceWork::TraceDeviceWork(const ProcessFile& process)
    : other_kernels_(head_of(kOtherKernelsName)) {
  stages_.push_back(make_stage("unknown stage"));
  for (const Stage& stage : process.stages) {
    if (stages_.size() > UINT16_MAX) break;
    if (stage.id >= place_.size()) place_.resize(stage.id + std::size_t{1}, 0);
    place_[stage.id] = static_cast<std::uint16_t>(stages_.size());
    stages_.push_back(make_stage(stage.name));
  }
  for (const std::string& name : device_names(process).kernels)
    kernels_.push_back(name.empty() ? "" : head_of(name));
}

std::string_view TraceDeviceWork::kernel_head(const TraceDeviceStage& stage,
                                              std::uint64_t number) const {
  if (number == kOtherKernels) return other_kernels_;
  if (number < kernels_.size() && !kernels_[number].empty()) return kernels_[number];
  return stage.head;
}

}  // namespace datamon::report
