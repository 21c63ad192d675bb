// All data loaders of a recording: a line for each, and which one is meant.
// Thread-safety: const functions of a Recording. Nothing throws for anything
// that a Recording can hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/diagnosis.h"
#include "report/recording.h"

namespace datamon::report {

struct LoaderName {
  int number = 0;
  std::string name;  // "" if the job named none
};

// The most important first (loaders_of()).
std::vector<LoaderName> loader_names(const Recording& recording);

// The loader that a user means: by number, by name, or by the one name that
// begins with the text. nullopt: none, or several.
std::optional<int> find_loader(const std::vector<LoaderName>& loaders, std::string_view text);

// Fills diagnosis.loaders. `profile` and `diagnosis` are of one of them; of the
// others (at most kMostLoaderVerdicts in all) profiles are made here.
inline constexpr std::size_t kMostLoaderVerdicts = 16;
void add_loaders(const Recording& recording, const Profile& profile, Diagnosis& diagnosis);

}  // namespace datamon::report
