#include "tune.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "datamon/monitor.hpp"

namespace datamon::pipeline {
namespace {

// A whole number up to `most`; -1 if it is none.
int number(std::string_view text, int most) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 && value <= most ? value : -1;
}

// False if it is no setting.
bool take(std::string_view name, std::string_view value, PipelineOptions& options,
          std::string& kept) {
  if (name == "loader") return number(value, 4096) >= 0;
  if (name == "workers") return (options.workers = number(value, kMaxWorkers)) >= 0;
  if (name == "prefetch") return (options.prefetch = number(value, kMaxPrefetch)) >= 1;
  const int flag = number(value, 1);
  if (flag < 0) return false;
  if (name == "persistent") options.new_workers = flag == 0;
  if (name == "pin") kept = "pin: there is no memory to pin";
  return name == "persistent" || name == "pin";
}

// Returns "" or the part that is no setting. `kept` gets what means nothing here.
std::string take_all(const std::string& text, PipelineOptions& options, std::string& kept) {
  if (text == "keep") return "";
  PipelineOptions tuned = options;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const std::string part = text.substr(from, end - from);
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view value = std::string_view(part).substr(std::min(equals + 1, part.size()));
    if (!take(std::string_view(part).substr(0, equals), value, tuned, kept))
      return "'" + part + "'";
    from = end + 1;
  }
  options = tuned;
  return "";
}

}  // namespace

std::string take_tuned_settings(PipelineOptions& options) {
  const char* text = std::getenv("MON_TUNE");
  if (text == nullptr || *text == '\0') return "";
  std::string kept;
  const std::string wrong = take_all(text, options, kept);
  if (!wrong.empty()) return "MON_TUNE is not used: it has " + wrong;
  note("loader.takes", "workers,prefetch,persistent");
  if (!kept.empty()) note("loader.kept", kept);
  return "";
}

}  // namespace datamon::pipeline
