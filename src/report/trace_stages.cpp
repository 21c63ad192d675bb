#include "report/trace_stages.h"

#include <fmt/format.h>

#include <array>

#include "report/builtin_stages.h"
#include "report/trace_json.h"

namespace datamon::report {
namespace {

constexpr std::uint16_t kFirstUserStage = 64;  // lower ones are built in

ArrowPart arrow_part(std::uint16_t id, std::string_view name) {
  if (id == builtin::kSend || name == "send") return ArrowPart::kSend;
  if (id == builtin::kCollate || name == "collate") return ArrowPart::kCollate;
  if (id == builtin::kReceive || name == "receive") return ArrowPart::kReceive;
  if (id == builtin::kCompute || name == "compute") return ArrowPart::kCompute;
  return ArrowPart::kNone;
}

bool item_class(StageClass stage_class) {
  return stage_class == StageClass::kFetch || stage_class == StageClass::kRead ||
         stage_class == StageClass::kDecode || stage_class == StageClass::kTransform ||
         stage_class == StageClass::kOther;
}

const char* category(StageClass stage_class) {
  static constexpr std::array<const char*, kStageClasses> kNames = {
      "other",   "init",    "fetch",    "read", "decode",  "transform",
      "collate", "handoff", "transfer", "wait", "compute", "gpu"};
  return kNames[static_cast<std::size_t>(stage_class)];
}

TraceStage make_stage(const Stage& stage) {
  TraceStage made;
  made.name = stage.name.empty() ? fmt::format("stage {}", stage.id) : stage.name;
  made.stage_class = class_of(stage);
  made.head = fmt::format(R"({{"ph":"X","name":{},"cat":"{}")", json_string(made.name),
                          category(made.stage_class));
  made.loader = stage.loader;
  made.own_loader = stage.id >= kFirstUserStage;
  made.item = item_class(made.stage_class);
  made.arrow = arrow_part(stage.id, stage.name);
  return made;
}

}  // namespace

TraceStages::TraceStages(const ProcessFile& process) {
  Stage unknown;
  unknown.name = "unknown stage";
  stages_.push_back(make_stage(unknown));
  for (const Stage& stage : process.stages) {
    if (stages_.size() > UINT16_MAX) break;
    if (stage.id >= place_.size()) place_.resize(stage.id + std::size_t{1}, 0);
    place_[stage.id] = static_cast<std::uint16_t>(stages_.size());
    stages_.push_back(make_stage(stage));
  }
}

StageClass class_of(const Stage& stage) {
  return stage.stage_class < kStageClasses ? static_cast<StageClass>(stage.stage_class)
                                           : StageClass::kOther;
}

}  // namespace datamon::report
