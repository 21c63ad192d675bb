#include "kernel_names.h"

#include <cstring>
#include <functional>

namespace datamon::cupti {

// Two names with the same 64 bits are taken for one: with 1024 names that happens once
// in 10^13 jobs.
KernelNames::Found KernelNames::find(const char* name) {
  if (name == nullptr || *name == '\0') return {};
  const std::string_view text(name, ::strnlen(name, kMostBytes));
  const std::uint64_t hash = std::hash<std::string_view>{}(text);
  std::size_t at = hash % slots_.size();
  while (slots_[at].number != 0) {
    if (slots_[at].hash == hash) return {slots_[at].number, false, text};
    at = (at + 1) % slots_.size();
  }
  if (count_ == kMost) return {kOther, false, text};
  slots_[at] = {hash, ++count_};
  return {count_, true, text};
}

}  // namespace datamon::cupti
