// What a report advises and why it judges so, as one text to search in.
#pragma once

#include <string>

#include "report/diagnosis.h"

namespace datamon::testing {

// A line a remedy: "change | why".
inline std::string advice(const report::Profile& profile) {
  std::string out;
  for (const report::Remedy& remedy : report::diagnose(profile).remedies)
    out += remedy.change + " | " + remedy.why + "\n";
  return out;
}

// A line a reason of the verdict.
inline std::string reasons(const report::Profile& profile) {
  std::string out;
  for (const std::string& why : report::diagnose(profile).verdict.why) out += why + "\n";
  return out;
}

}  // namespace datamon::testing
