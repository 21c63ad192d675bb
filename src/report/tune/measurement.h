// What one trial's recording says about its setting. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/diagnosis.h"
#include "report/profile.h"
#include "report/tune/search.h"

namespace datamon::report {

// Steady steps, and seconds of them, after which a trial says enough if its rate is known
// to a twentieth (half of what the result may miss the best by); seconds after which it does
// anyway; and the fewest steps that say anything.
inline constexpr std::uint64_t kEnoughSteps = 50;
inline constexpr double kEnoughSeconds = 2, kMostSeconds = 10;
inline constexpr double kPreciseRate = 0.05;
inline constexpr std::uint64_t kFewestTrialSteps = 5;

// True when `profile` has enough steady steps for a rate, some turns of all batches that are
// made ahead among them: what was made during the start is used up by then.
bool is_enough(const Profile& profile);

// The setting that the loader really had; nullopt if the job did not note it.
std::optional<LoaderSetting> setting_of(const Profile& profile);

// Steady items a second of all ranks with its 95 % interval; all zero if there are
// fewer than kFewestTrialSteps steady steps.
Interval steady_rate(const Profile& profile);

// Forecasts of `settings` (the trial's own one left out); empty where none can be made.
std::vector<SettingForecast> forecasts_of(const Profile& profile,
                                          const std::vector<LoaderSetting>& settings);

// Settings of a loader that only a trial can judge: `now` with pinned memory where copies
// to a device take the consumer's time, with workers that are kept where starting them
// takes a part of the run. Empty where nothing speaks for them.
std::vector<LoaderSetting> worth_a_look(const Profile& profile, const LoaderSetting& now);

// How much faster whole epochs go by, boundaries included, from one run to another;
// 0 if one of them saw fewer than kFewestEpochs end.
inline constexpr std::size_t kFewestEpochs = 2;
double gain_over_epochs(const Profile& before, const Profile& after);

}  // namespace datamon::report
