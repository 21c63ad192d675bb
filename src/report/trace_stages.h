// What the exporter must know about each stage of a process: the text that
// every slice of it begins with, and its part in the arrows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/profile.h"
#include "report/recording.h"

namespace datamon::report {

enum class ArrowPart : std::uint8_t { kNone, kSend, kCollate, kReceive, kCompute };

struct TraceStage {
  std::string head;  // {"ph":"X","name":"decode","cat":"decode"
  std::string name;  // raw bytes, never empty
  StageClass stage_class = StageClass::kOther;
  std::uint16_t loader = 0;
  bool own_loader = false;  // `loader` counts, not the track's
  bool item = false;        // slices carry the number of an item (a batch's is on the arrow)
  ArrowPart arrow = ArrowPart::kNone;
};

class TraceStages {
 public:
  explicit TraceStages(const ProcessFile& process);
  // Damage may name stages that nobody defined; those are called "unknown stage".
  const TraceStage& of(std::uint16_t id) const {
    const std::uint16_t place = id < place_.size() ? place_[id] : 0;
    return stages_[place];
  }

 private:
  std::vector<std::uint16_t> place_;  // by stage id
  std::vector<TraceStage> stages_;    // [0]: unknown
};

// Classes beyond the known ones (a newer monitor, damage) are kOther.
StageClass class_of(const Stage& stage);

}  // namespace datamon::report
