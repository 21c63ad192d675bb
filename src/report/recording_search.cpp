// Finds the recording that someone means who names none.
#include <system_error>

#include "report/recording.h"

namespace datamon::report {
namespace {

namespace fs = std::filesystem;

// Enough for a folder of recordings below a project's; deeper trees are data.
constexpr int kDeepest = 3;
constexpr int kMostEntries = 100'000;

// When the newest *.mon file directly inside `folder` was written, if any is.
std::optional<fs::file_time_type> recorded_at(const fs::path& folder) {
  std::optional<fs::file_time_type> newest;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".mon") continue;
    std::error_code no_time;
    const fs::file_time_type time = at->last_write_time(no_time);
    if (!no_time && (!newest || time > *newest)) newest = time;
  }
  return newest;
}

}  // namespace

std::optional<Recording::Newest> Recording::newest_below(const fs::path& folder) {
  std::optional<Newest> best;
  const auto consider = [&](const fs::path& candidate) {
    const auto time = recorded_at(candidate);
    if (time && (!best || *time > best->written)) best = Newest{candidate, *time};
  };
  consider(folder);
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  int seen = 0;
  for (fs::recursive_directory_iterator at(folder, options, error), end;
       !error && at != end && seen < kMostEntries; at.increment(error), ++seen) {
    std::error_code unreadable;
    if (!at->is_directory(unreadable)) continue;
    consider(at->path());
    if (at.depth() + 1 >= kDeepest) at.disable_recursion_pending();
  }
  return best;
}

}  // namespace datamon::report
