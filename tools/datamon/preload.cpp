#include "preload.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "elf_program.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kShim[] = "libdatamon-preload.so";
// What separates the libraries of LD_PRELOAD cannot be in their paths.
constexpr char kSeparators[] = ": ";

fs::path find_in_path(const std::string& command) {
  if (command.find('/') != command.npos) return command;
  const char* path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "/bin:/usr/bin";
  for (std::size_t from = 0; from <= rest.size();) {
    const std::size_t end = std::min(rest.find(':', from), rest.size());
    const fs::path candidate = fs::path(rest.substr(from, end - from)) / command;
    if (::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) return candidate;
    from = end + 1;
  }
  return {};
}

// The program that runs a script, from its first line; "" if it is none.
fs::path interpreter_of(const fs::path& script) {
  std::ifstream file(script);
  std::string line(256, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  const std::size_t from = line.find_first_not_of(" \t");
  if (from == line.npos) return {};
  return line.substr(from, line.find_first_of(" \t", from) - from);
}

// The kernel gives such a program more rights than its caller has.
bool gains_rights(const fs::path& program) {
  struct stat status {};
  if (::stat(program.c_str(), &status) != 0) return false;
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid()) return true;
  if ((status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid()) return true;
  return ::geteuid() != 0 && ::getxattr(program.c_str(), "security.capability", nullptr, 0) > 0;
}

std::string obstacle_in(const fs::path& program) {
  const std::string name = program.filename().string();
  if (gains_rights(program))
    return fmt::format(
        "{} gains rights by running (set-user-ID, capabilities), and the system "
        "preloads nothing into such programs",
        name);
  const auto elf = read_elf_program(program);
  if (!elf) return "";
  if (!elf->is_ours) return fmt::format("{} is built for another kind of machine", name);
  if (elf->loader.empty())
    return fmt::format("{} is statically linked, so nothing can be preloaded into it", name);
  if (elf->loader.find("ld-musl") != std::string::npos)
    return fmt::format("{} uses musl, and the preloaded library needs the GNU C library", name);
  for (const std::string& library : elf->needed)
    for (const char* sanitizer : {"libasan.", "libtsan.", "libmsan.", "libclang_rt."})
      if (library.starts_with(sanitizer))
        return fmt::format("{} is built with a sanitizer, which allows no preloaded library", name);
  return "";
}

// With the shim last: what the user preloads comes first.
std::string with_shim(const std::string& shim) {
  const char* present = std::getenv("LD_PRELOAD");
  if (present == nullptr || *present == '\0') return shim;
  const std::string libraries = present;
  return libraries.find(kShim) != libraries.npos ? libraries : libraries + ":" + shim;
}

}  // namespace

PreloadPlan plan_preload(const std::string& command, const fs::path& library) {
  PreloadPlan plan;
  if (library.empty()) return plan;
  std::error_code error;
  const fs::path shim = library.parent_path() / kShim;
  if (!fs::exists(shim, error)) {
    plan.obstacle = fmt::format("{} is not beside {}", kShim, library.string());
    return plan;
  }
  if (shim.native().find_first_of(kSeparators) != std::string::npos) {
    plan.obstacle =
        fmt::format("{} cannot be preloaded: its path has a space or a colon", shim.string());
    return plan;
  }
  fs::path program = find_in_path(command);
  if (const fs::path interpreter = interpreter_of(program); !interpreter.empty())
    program = interpreter;
  plan.obstacle = obstacle_in(program);
  if (plan.obstacle.empty()) plan.variable = with_shim(shim.string());
  return plan;
}

}  // namespace datamon::cli
