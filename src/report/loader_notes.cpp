#include "report/loader_notes.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

namespace datamon::report {
namespace {

// Sentences of a job that writes ever new ones.
constexpr std::size_t kMostIncomplete = 20;

constexpr std::string_view kIncomplete = "not recorded in full: ";

}  // namespace

std::string_view job_note(const Recording& recording, std::string_view key) {
  for (const ProcessFile& process : recording.processes())
    if (const std::string_view value = process.note(key); !value.empty()) return value;
  return {};
}

LoaderNotes::LoaderNotes(const Recording& recording, int loader)
    : recording_(recording), loader_(loader) {
  batch_size_ = number("batch_size").value_or(0);
}

std::string_view LoaderNotes::text(std::string_view key) const {
  const std::string_view own = job_note(recording_, fmt::format("loader.{}.{}", loader_, key));
  return own.empty() ? job_note(recording_, fmt::format("loader.{}", key)) : own;
}

std::optional<int> LoaderNotes::number(std::string_view key) const {
  const std::string_view noted = text(key);
  int value = 0;
  const auto [end, error] = std::from_chars(noted.data(), noted.data() + noted.size(), value);
  const bool whole = error == std::errc() && end == noted.data() + noted.size();
  if (!whole || value < 0 || value > 1'000'000'000) return std::nullopt;
  return value;
}

int LoaderNotes::flag(std::string_view key) const {
  const std::optional<int> value = number(key);
  return !value ? -1 : *value != 0;
}

bool is_jobs_own(const Problem& problem) { return problem.what.starts_with(kIncomplete); }

std::vector<Problem> problems_of(const Recording& recording) {
  std::vector<Problem> problems;
  std::set<std::string_view> said;
  for (const ProcessFile& process : recording.processes()) {
    for (const auto& [key, value] : process.notes) {
      if (key != "job.incomplete" || said.size() >= kMostIncomplete) continue;
      if (said.insert(value).second)
        problems.push_back({process.file, 0, std::string(kIncomplete) + value});
    }
  }
  problems.insert(problems.end(), recording.problems().begin(), recording.problems().end());
  return problems;
}

}  // namespace datamon::report
