#include "data_rule.h"

#include <limits.h>
#include <unistd.h>

#include <cstring>

namespace datamon::preload {
namespace {

using std::literals::operator""sv;

// Folders of the system, from the root.
constexpr std::string_view kFolders[] = {
    "/proc/"sv,          "/sys/"sv,           "/dev/"sv,         "/etc/"sv,
    "/run/"sv,           "/bin/"sv,           "/sbin/"sv,        "/lib/"sv,
    "/lib32/"sv,         "/lib64/"sv,         "/boot/"sv,        "/usr/bin/"sv,
    "/usr/sbin/"sv,      "/usr/lib/"sv,       "/usr/lib32/"sv,   "/usr/lib64/"sv,
    "/usr/share/"sv,     "/usr/include/"sv,   "/usr/libexec/"sv, "/usr/local/bin/"sv,
    "/usr/local/lib/"sv, "/usr/local/cuda"sv, "/nix/store/"sv,   "/var/cache/"sv,
    "/var/lib/dpkg/"sv,
};

// Folders of code and configuration, wherever they are.
constexpr std::string_view kParts[] = {
    "/site-packages/"sv, "/dist-packages/"sv, "/__pycache__/"sv,   "/lib/python"sv,
    "/lib64/python"sv,   "/node_modules/"sv,  "/.git/"sv,          "/.config/"sv,
    "/.triton/"sv,       "/.nv/"sv,           "/torchinductor_"sv, "/.mozilla/"sv,
};

// Ends of names: source, compiled code, configuration, translations, and the
// monitor's own recordings.
constexpr std::string_view kSuffixes[] = {
    ".py"sv,    ".pyc"sv,  ".pyi"sv,   ".pyd"sv,    ".pyx"sv,   ".pxd"sv,   ".ipynb"sv, ".so"sv,
    ".a"sv,     ".o"sv,    ".h"sv,     ".hpp"sv,    ".c"sv,     ".cc"sv,    ".cpp"sv,   ".cu"sv,
    ".js"sv,    ".rb"sv,   ".pl"sv,    ".pm"sv,     ".lua"sv,   ".sh"sv,    ".bash"sv,  ".jar"sv,
    ".class"sv, ".ptx"sv,  ".cubin"sv, ".fatbin"sv, ".hsaco"sv, ".conf"sv,  ".cfg"sv,   ".ini"sv,
    ".toml"sv,  ".yaml"sv, ".yml"sv,   ".mo"sv,     ".mon"sv,   ".probe"sv,
};

char g_own_libraries[PATH_MAX];  // "/opt/conda/lib/", or ""
std::size_t g_own_libraries_bytes = 0;

// Shared memory of libraries lies flat in /dev/shm; data sets are copied into a
// folder of it.
bool is_shared_memory_folder(std::string_view path) {
  constexpr std::string_view kRoot = "/dev/shm/"sv;
  return path.starts_with(kRoot) && path.find('/', kRoot.size()) != path.npos;
}

// "libfoo.so.1.2": only numbers behind.
bool is_versioned_library(std::string_view path) {
  const std::size_t at = path.rfind(".so."sv);
  return at != path.npos && path.find_first_not_of("0123456789."sv, at + 4) == path.npos;
}

}  // namespace

void prepare_data_rule() {
  constexpr std::string_view kBin = "/bin/"sv, kLib = "/lib"sv;
  char program[PATH_MAX];
  const ssize_t bytes = ::readlink("/proc/self/exe", program, sizeof program);
  if (bytes <= 0) return;
  const std::string_view path(program, static_cast<std::size_t>(bytes));
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos || slash + 1 < kBin.size() || slash + kLib.size() > sizeof program) return;
  const std::size_t prefix = slash + 1 - kBin.size();  // without "/bin/"
  if (prefix == 0 || std::memcmp(program + prefix, kBin.data(), kBin.size()) != 0) return;
  std::memcpy(g_own_libraries, program, prefix);
  std::memcpy(g_own_libraries + prefix, "/lib/", 5);
  g_own_libraries_bytes = prefix + 5;
}

bool has_code_suffix(std::string_view path) {
  for (const std::string_view suffix : kSuffixes)
    if (path.ends_with(suffix)) return true;
  return is_versioned_library(path);
}

bool is_data_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (has_code_suffix(path)) return false;
  if (g_own_libraries_bytes > 0 &&
      path.starts_with(std::string_view(g_own_libraries, g_own_libraries_bytes)))
    return false;
  for (const std::string_view part : kParts)
    if (path.find(part) != path.npos) return false;
  if (is_shared_memory_folder(path)) return true;
  for (const std::string_view folder : kFolders)
    if (path.starts_with(folder)) return false;
  return true;
}

}  // namespace datamon::preload
