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

// How many workers would keep the consumer from waiting, as far as the cores
// allow; 0 if that cannot be said or is not more than there are.
int workers_to_have(const Evidence& evidence, const Ruling& ruling);

}  // namespace datamon::report
