// The outputs of a diagnosis: one interface, several implementations.
// Thread-safety: const after construction. Nothing is owned by the result.
#pragma once

#include <memory>
#include <string>

#include "report/diagnosis.h"
#include "report/forecast/candidates.h"

namespace datamon::report {

class Reporter {
 public:
  virtual ~Reporter() = default;
  // The whole report, ending in a newline. Never throws for anything that a
  // Profile can hold (other than std::bad_alloc).
  // Without forecasts (null) the outputs say nothing of them.
  virtual std::string render(const Profile& profile, const Diagnosis& diagnosis,
                             const ForecastSection* forecasts = nullptr) const = 0;
};

// How the text looks; the defaults are those of a pipe.
struct TextStyle {
  int width = 100;     // columns; kept between 76 and 140
  bool color = false;  // ANSI escapes
  bool utf8 = true;    // bars and signs outside ASCII; false for a C locale
};

std::unique_ptr<Reporter> text_reporter(const TextStyle& style);

// The JSON contract: docs/report.schema.json. Always valid UTF-8; what is not
// known is null.
std::unique_ptr<Reporter> json_reporter();

}  // namespace datamon::report
