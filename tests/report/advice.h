// What a report advises, as one text to search in.
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

}  // namespace datamon::testing
