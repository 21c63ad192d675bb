// What the headers of an executable say about how it is started.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace datamon::cli {

struct ElfProgram {
  bool is_ours = false;             // of this program's word size and machine
  std::string loader;               // the dynamic loader that it names; "": it is static
  std::vector<std::string> needed;  // libraries that it is linked with
};

// nullopt if the file cannot be read or is no ELF file. Believes no length in it.
std::optional<ElfProgram> read_elf_program(const std::filesystem::path& path);

}  // namespace datamon::cli
