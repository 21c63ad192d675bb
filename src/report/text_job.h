// How outputs name a job, and the commands that say more about it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "report/profile.h"

namespace datamon::report {

// Its command without the program's folder, which says least; where that is not
// known, its recording. Printable.
std::string job_in_short(const JobFacts& job);

// "datamon report runs/a --json", to be copied into a shell: about this recording, wherever
// and whenever it is typed. An imported file is named as it was imported; only `report`
// takes those.
std::string command_about(const Profile& profile, std::string_view command,
                          std::string_view options = "");

}  // namespace datamon::report
