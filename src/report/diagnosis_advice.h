// What remedies are made with, and the groups of them. Internal to the diagnosis;
// each file diagnosis_remedies_*.cpp is about one concept.
#pragma once

#include <limits>
#include <string>
#include <utility>

#include "report/diagnosis_case.h"

namespace datamon::report {

// What the forecasts of advice simulate. Where a remedy shortens a stage by
// nobody knows how much, the stage (or the part that it is about, and no more) is
// taken away: the best that it can bring.
inline Remedy with(Remedy remedy, Change change) {
  remedy.simulated_as = {std::move(change)};
  return remedy;
}
inline Remedy at_best(Remedy remedy, std::vector<Change> changes) {
  remedy.at_most = true;
  remedy.simulated_as = std::move(changes);
  return remedy;
}
inline Remedy at_best(Remedy remedy, Change change) {
  return at_best(std::move(remedy), std::vector<Change>{std::move(change)});
}

inline Change faster(std::string stage, double factor) {
  return {ChangeKind::kFaster, factor, std::move(stage)};
}
inline Change without(std::string stage) {
  return faster(std::move(stage), std::numeric_limits<double>::infinity());
}
inline Change without(StageClass stage_class) { return without(to_string(stage_class)); }
inline Change cached() { return {ChangeKind::kCached, 0, ""}; }

// The stage of that class with most time of its own; nullptr if there is none.
const StageProfile* stage_of(const Profile& profile, StageClass stage_class);
// Mean bytes that one span of the class handled; 0 if unknown.
double bytes_each(const Profile& profile, StageClass stage_class);
// The makers' stage with most time of that cost, as people may read it.
std::string heaviest(const Case& c, Cost cost);
// Its share of what a batch costs: "61 %".
std::string share_text(const Case& c, Cost cost);

// Each adds its remedies, if there are any.
void more_workers(const Case& c, Advice& out);
void fewer_workers(const Case& c, Advice& out);
void help_threads(const Case& c, Advice& out);
void help_asleep(const Case& c, Advice& out);
void help_order(const Case& c, Advice& out);
void help_slow_worker(const Case& c, Advice& out);
void help_machine(const Case& c, Advice& out);
void help_start_up(const Case& c, Advice& out);
void help_compute(const Case& c, Advice& out);

void help_reading(const Case& c, Advice& out);
void help_decoding(const Case& c, Advice& out);
void help_transform(const Case& c, Advice& out);
void help_collate(const Case& c, Advice& out);
void help_handoff(const Case& c, Advice& out);
void help_sharing(const Case& c, Advice& out);

void help_launches(const Case& c, Advice& out);
void help_transfer(const Case& c, Advice& out);

}  // namespace datamon::report
