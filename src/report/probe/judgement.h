// Does an experiment bear a verdict out? Pure.
#pragma once

#include <string>

#include "report/diagnosis.h"

namespace datamon::report {

enum class ProbeAnswer { kConfirmed, kContradicted, kUndecided };
const char* to_string(ProbeAnswer answer);  // "confirmed", ...

struct ProbeJudgement {
  ProbeAnswer answer = ProbeAnswer::kUndecided;
  std::string why;  // a clause or two
};

ProbeJudgement judge(const Verdict& verdict, const ProbeProfile& probe);

}  // namespace datamon::report
