#include "commands.h"

namespace datamon::cli {

// A new command: declare it, call it (in the order of the help text), and name
// its file in CMakeLists.txt.
void add_run_command(CommandSet& commands);
void add_report_command(CommandSet& commands);
void add_trace_command(CommandSet& commands);
void add_forecast_command(CommandSet& commands);
void add_tune_command(CommandSet& commands);
void add_probe_command(CommandSet& commands);
void add_doctor_command(CommandSet& commands);
void add_generate_command(CommandSet& commands);

void add_all_commands(CommandSet& commands) {
  add_run_command(commands);
  add_report_command(commands);
  add_trace_command(commands);
  add_forecast_command(commands);
  add_tune_command(commands);
  add_probe_command(commands);
  add_doctor_command(commands);
  add_generate_command(commands);
}

}  // namespace datamon::cli
