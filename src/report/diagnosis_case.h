// What the advice on one diagnosis is made from. Internal to the diagnosis.
#pragma once

#include <algorithm>
#include <vector>

#include "report/diagnosis_remedies.h"

namespace datamon::report {

struct Case {
  const Profile& profile;
  const Evidence& evidence;
  const Ruling& ruling;
  const std::vector<Qualifier>& qualifiers;

  bool has(Qualifier qualifier) const {
    return std::find(qualifiers.begin(), qualifiers.end(), qualifier) != qualifiers.end();
  }
  int workers() const {
    return std::max(evidence.makers.workers, std::max(0, profile.job.workers));
  }
};

// Its adapter is one of Python's.
inline bool is_python(const JobFacts& job) {
  return job.adapter.starts_with("python ") || job.adapter.starts_with("torch ");
}

// So many workers in all, as a forecast has it: those of each rank.
inline Change workers_each(const Case& c, int workers) {
  const int ranks = std::max(1, c.profile.job.ranks);
  return {ChangeKind::kWorkers, static_cast<double>((workers + ranks - 1) / ranks), ""};
}

// Adds the changes that people try and that will not help here, each with why.
void say_unhelpful(const Case& c, Advice& out);

}  // namespace datamon::report
