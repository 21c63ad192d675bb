// What to change, and what would not help. Pure.
#pragma once

#include <string>
#include <vector>

#include "report/diagnosis_verdict.h"

namespace datamon::report {

struct Advice {
  std::vector<Remedy> remedies;  // best first; never empty
  std::vector<Unhelpful> unhelpful;
};

Advice advise(const Profile& profile, const Evidence& evidence, const Ruling& ruling,
              const std::vector<Qualifier>& qualifiers);

}  // namespace datamon::report
