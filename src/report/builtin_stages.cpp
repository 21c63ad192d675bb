#include "report/builtin_stages.h"

#include <algorithm>

#include "report/profile.h"

namespace datamon::report {
namespace {

struct Builtin {
  std::uint16_t id;
  StageClass stage_class;
  const char* name;
};

constexpr Builtin kBuiltins[] = {
    {builtin::kInit, StageClass::kInit, "init"},
    {builtin::kFetch, StageClass::kFetch, "fetch"},
    {builtin::kRead, StageClass::kRead, "read"},
    {builtin::kDecode, StageClass::kDecode, "decode"},
    {builtin::kTransform, StageClass::kTransform, "transform"},
    {builtin::kCollate, StageClass::kCollate, "collate"},
    {builtin::kSend, StageClass::kHandoff, "send"},
    {builtin::kQueue, StageClass::kHandoff, "queue"},
    {builtin::kReceive, StageClass::kHandoff, "receive"},
    {builtin::kPin, StageClass::kHandoff, "pin"},
    {builtin::kTransfer, StageClass::kTransfer, "transfer"},
    {builtin::kWait, StageClass::kWait, "wait"},
    {builtin::kCompute, StageClass::kCompute, "compute"},
    {builtin::kGpuBusy, StageClass::kGpu, "gpu-busy"},
};

}  // namespace

void add_builtin_stages(std::vector<Stage>& stages) {
  for (const Builtin& known : kBuiltins)
    stages.push_back({known.id, static_cast<std::uint16_t>(known.stage_class), 0, known.name});
  std::stable_sort(stages.begin(), stages.end(),
                   [](const Stage& a, const Stage& b) { return a.id < b.id; });
  stages.erase(std::unique(stages.begin(), stages.end(),
                           [](const Stage& a, const Stage& b) { return a.id == b.id; }),
               stages.end());
}

}  // namespace datamon::report
