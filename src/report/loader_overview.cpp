#include "report/loader_overview.h"

#include <algorithm>
#include <charconv>

#include "report/loader_notes.h"
#include "report/loader_tracks.h"

namespace datamon::report {
namespace {

LoaderVerdict in_short(const Profile& profile, const Verdict& verdict) {
  return {profile.loader, profile.loader_name, profile.consumer.steps,
          verdict.input_wait_share.value, verdict.label};
}

template <typename Matches>
std::optional<int> the_only(const std::vector<LoaderName>& loaders, Matches matches) {
  std::optional<int> found;
  for (const LoaderName& loader : loaders) {
    if (!matches(loader)) continue;
    if (found) return std::nullopt;
    found = loader.number;
  }
  return found;
}

}  // namespace

std::vector<LoaderName> loader_names(const Recording& recording) {
  std::vector<LoaderName> names;
  for (const int loader : loaders_of(recording))
    names.push_back({loader, std::string(LoaderNotes(recording, loader).text("name"))});
  return names;
}

std::optional<int> find_loader(const std::vector<LoaderName>& loaders, std::string_view text) {
  if (text.empty()) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size())
    return the_only(loaders, [&](const LoaderName& loader) { return loader.number == number; });
  const auto by_name =
      the_only(loaders, [&](const LoaderName& loader) { return loader.name == text; });
  if (by_name) return by_name;
  return the_only(loaders, [&](const LoaderName& loader) { return loader.name.starts_with(text); });
}

void add_loaders(const Recording& recording, const Profile& profile, Diagnosis& diagnosis) {
  for (const int loader : profile.loaders) {
    if (loader == profile.loader) {
      diagnosis.loaders.push_back(in_short(profile, diagnosis.verdict));
    } else if (diagnosis.loaders.size() < kMostLoaderVerdicts) {
      const Profile other = build_profile(recording, {.loader = loader});
      diagnosis.loaders.push_back(in_short(other, diagnose(other).verdict));
    }
  }
}

}  // namespace datamon::report
