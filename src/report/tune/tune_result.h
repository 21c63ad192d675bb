// What `datamon tune` found out, and how it is shown.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "report/diagnosis.h"
#include "report/reporter.h"
#include "report/tune/search.h"

namespace datamon::report {

// One run of the job, with what its recording says.
struct TuneTrial {
  TrialResult result;
  std::optional<Interval> forecast;  // of its rate, before it was run
  std::uint64_t steady_steps = 0;
  double seconds = 0;  // that the job ran
  Verdict verdict;
  std::string note;       // why it failed, or which settings the loader kept; "" if neither
  std::string recording;  // its folder
};

struct TuneResult {
  std::vector<TuneTrial> trials;  // the first one is the job as it is; it did not fail
  std::size_t best = 0;
  std::size_t settings = 0;  // how many there were to choose from
  LoaderKind kind = LoaderKind::kTorch;
  std::string loader_name;
  std::string why_ended;           // a clause
  std::vector<std::string> notes;  // on the answer, a sentence each

  double gain_over_epochs = 1;  // of keeping workers between epochs, if the best does

  // Measured, of the best over the job as it is.
  double speedup() const;
};

// A line of `tune`'s table, for progress as well; ends without a newline.
std::string trial_line(const TuneTrial& trial);

// Whole lines: the table and what follows from it.
std::string tune_text(const TuneResult& result, const TextStyle& style);

// The contract: docs/tune.md.
nlohmann::ordered_json tune_json(const TuneResult& result);

}  // namespace datamon::report
