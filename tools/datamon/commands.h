// The commands of the program; each one is added in its own file.
#pragma once

#include "command.h"

namespace datamon::cli {

void add_all_commands(CommandSet& commands);

}  // namespace datamon::cli
