// A trial of `datamon tune`: the job, recorded for a short time with other settings
// of one data loader.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/profile.h"
#include "report/tune/setting.h"
#include "trial_process.h"

namespace datamon::cli {

struct TrialJob {
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;  // the user's, for trials
  std::filesystem::path folder;  // of all trials, absolute; each makes one inside
  std::string library;           // the monitor's; "": beside this program
  std::string loader;            // number or name; "": the one with most steps
};

struct TrialOutcome {
  TrialEnd end;
  std::filesystem::path recording;
  std::optional<report::Profile> profile;  // of the loader; nullopt: nothing was recorded
  std::string takes, kept;                 // what the loader noted (docs/recording-format.md)
  bool iterable = false;                   // its workers share out the items among themselves
  std::string last_words;                  // the last line on the job's standard error
};

class TrialRunner {
 public:
  explicit TrialRunner(TrialJob job) : job_(std::move(job)) {}

  // `setting` nullopt: as it is; the first trial is run so, and decides which loader is
  // meant. Ends as soon as enough was recorded, at the latest after
  // `most_seconds`. `epochs`: that many must have ended, too. Throws CommandError if
  // the folder cannot be written or --loader names none.
  TrialOutcome run(const std::optional<report::LoaderSetting>& setting, double most_seconds,
                   std::size_t epochs = 0);

 private:
  std::optional<report::Profile> profile_of(const std::filesystem::path& recording) const;
  void choose_loader(const std::filesystem::path& recording);

  TrialJob job_;
  int trials_ = 0;
  int loader_ = -1;
};

}  // namespace datamon::cli
