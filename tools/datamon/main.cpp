// datamon: records jobs, and says what they wait for.
#include <exception>
#include <iostream>

#include "commands.h"

int main(int argc, char** argv) {
  try {
    datamon::cli::CommandSet commands;
    datamon::cli::add_all_commands(commands);
    return commands.run(argc, argv);
  } catch (const datamon::cli::CommandError& error) {
    std::cerr << "datamon: " << error.what() << '\n';
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "datamon: " << error.what() << '\n';
    return 1;
  }
}
