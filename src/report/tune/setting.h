// The settings of a data loader that `datamon tune` tries, and how they are
// written: for the job (MON_TUNE), for people, as code. Plain values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace datamon::report {

struct LoaderSetting {
  int workers = 0;
  int prefetch = 2;         // batches ahead of each worker; means nothing without workers
  std::optional<bool> pin;  // nullopt: as the job has it
  std::optional<bool> persistent;

  bool operator==(const LoaderSetting& other) const {
    return workers == other.workers && (workers == 0 || prefetch == other.prefetch) &&
           pin == other.pin && persistent == other.persistent;
  }
};

// Less memory and fewer processes first.
bool is_smaller(const LoaderSetting& a, const LoaderSetting& b);

// "4 workers, prefetch 2, pinned"; "no workers".
std::string to_text(const LoaderSetting& setting);

// What MON_TUNE is set to for a trial: "loader=1,workers=4,prefetch=2,pin=1".
std::string tune_variable(const LoaderSetting& setting, int loader);
// And for the first one, which leaves everything as it is.
inline constexpr const char* kKeepSettings = "keep";

// What takes the settings.
enum class LoaderKind { kTorch, kPipeline };
// "DataLoader(..., num_workers=4, prefetch_factor=2)", "--workers 4 --prefetch 2".
std::string as_code(const LoaderSetting& setting, LoaderKind kind);

// The settings to choose from: workers 0 ... `most_workers` (every number up to 8,
// then in growing steps), prefetch 2 and 4 and what `now` has. `now` is one of them.
std::vector<LoaderSetting> settings_around(const LoaderSetting& now, int most_workers);

}  // namespace datamon::report
