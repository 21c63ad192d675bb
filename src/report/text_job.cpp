#include "report/text_job.h"

#include <algorithm>

#include "report/shell_word.h"
#include "report/text_units.h"

namespace datamon::report {

std::string job_in_short(const JobFacts& job) {
  const std::string& command = job.command;
  if (command.empty()) return printable(job.recording);
  const std::size_t end = std::min(command.find(' '), command.size());
  const std::size_t slash = command.substr(0, end).rfind('/');
  return printable(slash == std::string::npos ? command : command.substr(slash + 1));
}

std::string command_about(const Profile& profile, std::string_view command,
                          std::string_view options) {
  std::string out = "datamon " + std::string(command);
  if (profile.import)
    out += std::string(" --") + to_string(profile.import->format) + " " +
           shell_word(profile.import->file);
  else if (!profile.job.recording.empty())
    out += " " + shell_word(profile.job.recording);
  if (!options.empty()) out += " " + std::string(options);
  return out;
}

}  // namespace datamon::report
