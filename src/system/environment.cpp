#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "system/affinity.h"
#include "system/capabilities.h"
#include "system/nvml.h"

namespace datamon::system {
namespace {

bool cpuid_invariant_tsc() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) != 0 && (edx & (1u << 8)) != 0;
#else
  return false;
#endif
}

std::string working_directory() {
  const std::unique_ptr<char, decltype(&::free)> path(::getcwd(nullptr, 0), &::free);
  return path != nullptr ? path.get() : "";
}

// The folder that MON_DIR would be made in, if it does not exist yet.
std::string existing_part(std::string directory) {
  while (::access(directory.c_str(), F_OK) != 0) {
    const std::size_t slash = directory.rfind('/');
    if (slash == std::string::npos) return ".";
    if (slash == 0) return "/";
    directory.resize(slash);
  }
  return directory;
}

void probe_recording(Environment& environment) {
  const char* chosen = ::getenv("MON_DIR");
  environment.recording_directory =
      chosen != nullptr && chosen[0] != '\0' ? chosen : environment.working_directory;
  const std::string folder = existing_part(environment.recording_directory);
  const std::string file = folder + "/.datamon-doctor-" + std::to_string(::getpid());
  const int descriptor =
      ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    environment.recording_problem =
        "no file can be made in " + folder + ": " + std::strerror(errno);
    return;
  }
  ::close(descriptor);
  ::unlink(file.c_str());
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) == 0)
    environment.recording_free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
}

void probe_gpus(Environment& environment) {
  const auto nvml = std::make_unique<Nvml>();
  if (!nvml->open()) {
    environment.nvml_problem = nvml->problem();
    return;
  }
  environment.gpu_driver = nvml->driver();
  for (unsigned gpu = 0; gpu < nvml->gpus(); ++gpu) environment.gpus.emplace_back(nvml->name(gpu));
}

}  // namespace

Environment current_environment() {
  Environment environment;
  environment.working_directory = working_directory();
  struct stat status {};
  if (::stat(".", &status) == 0) environment.working_device = status.st_dev;
  environment.affinity_cores = affinity_cores();
  environment.cpu_has_invariant_tsc = cpuid_invariant_tsc();
  probe_recording(environment);
  probe_gpus(environment);
  return environment;
}

}  // namespace datamon::system
