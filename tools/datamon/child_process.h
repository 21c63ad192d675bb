// Runs another program as if it had been started directly: same terminal, same
// process group, standard streams untouched, signals passed on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace datamon::cli {

struct ChildResult {
  int exit_code = 0;    // the program's; 128 + n if signal n ended it
  int signal = 0;       // that ended it, or 0
  int start_error = 0;  // errno if it could not be started: exit_code is 127 or 126
};

// Starts `command` (found in PATH) with `environment` set on top of this
// process's, and waits for its end. Meanwhile SIGINT, SIGTERM, SIGHUP, SIGQUIT,
// SIGUSR1 and SIGUSR2 that somebody sends to this process are sent on to the
// program; those from the terminal reach it by themselves. Signals that this
// process was started to ignore (nohup) stay ignored in both. Not
// thread-safe; one child at a time.
ChildResult run_child(const std::vector<std::string>& command,
                      const std::vector<std::pair<std::string, std::string>>& environment);

// What exec() takes: the strings' own characters, then a null. Valid as long as they are.
std::vector<char*> exec_pointers(const std::vector<std::string>& strings);

}  // namespace datamon::cli
