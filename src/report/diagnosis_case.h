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

// Adds the changes that people try and that will not help here, each with why.
void say_unhelpful(const Case& c, Advice& out);

}  // namespace datamon::report
