#include "monitor/identity.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "monitor/arena.h"

namespace datamon::monitor {
namespace {

// The whole of a small file, NUL-terminated; its length, or 0.
std::size_t read_file(const char* path, char* to, std::size_t bytes) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  std::size_t length = 0;
  while (fd >= 0 && length < bytes - 1) {
    const ssize_t got = ::read(fd, to + length, bytes - 1 - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (fd >= 0) ::close(fd);
  to[length] = '\0';
  return length;
}

// The first of these variables that holds a plain number.
std::uint32_t number_from(const char* const (&names)[4]) {
  for (const char* name : names) {
    const char* value = name != nullptr ? ::secure_getenv(name) : nullptr;
    if (value == nullptr || std::isdigit(static_cast<unsigned char>(*value)) == 0) continue;
    char* end = nullptr;
    const unsigned long number = std::strtoul(value, &end, 10);
    if (*end == '\0' && number < format::kUnknown) return static_cast<std::uint32_t>(number);
  }
  return format::kUnknown;
}

// Field 22 of /proc/self/stat; counted from the last ')' since the name may
// hold anything.
std::uint64_t process_start() {
  char text[1024];
  read_file("/proc/self/stat", text, sizeof text);
  const char* at = std::strrchr(text, ')');
  for (int field = 2; at != nullptr && field < 22; ++field) {
    at = std::strchr(at, ' ');
    if (at != nullptr) ++at;
  }
  return at != nullptr ? std::strtoull(at, nullptr, 10) : 0;
}

// Appends an argument as a shell would need it.
void append_quoted(char*& to, const char* end, const char* argument) {
  const bool plain =
      argument[0] != '\0' && std::strspn(argument,
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789_-+=./:,@%") == std::strlen(argument);
  const auto put = [&](char c) {
    if (to < end) *to++ = c;
  };
  if (!plain) put('\'');
  for (const char* c = argument; *c != '\0'; ++c) {
    if (*c == '\'') {
      put('\'');
      put('\\');
      put('\'');
    }
    put(*c);
  }
  if (!plain) put('\'');
}

// Too large for the stack: a forked child begins on whichever of its threads
// records first, and that one's stack may be the least there can be (16 KiB).
struct JobText {
  char raw[4096];
  char quoted[6000];
};

void note_command(BlockSource& file, JobText& text) {
  const std::size_t length = read_file("/proc/self/cmdline", text.raw, sizeof text.raw);
  char* to = text.quoted;
  char* const end = text.quoted + sizeof text.quoted;
  for (std::size_t at = 0; at < length; at += std::strlen(text.raw + at) + 1) {
    if (at > 0 && to < end) *to++ = ' ';
    append_quoted(to, end, text.raw + at);
  }
  file.note("job.command", {text.quoted, static_cast<std::size_t>(to - text.quoted)});
}

void note_folders(BlockSource& file, JobText& text) {
  char* const path = text.raw;
  if (::getcwd(path, sizeof text.raw) != nullptr) file.note("job.cwd", path);
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof text.raw);
  if (length > 0) file.note("job.executable", {path, static_cast<std::size_t>(length)});
}

void note_number(BlockSource& file, std::string_view key, long value) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%ld", value);
  file.note(key, {text, static_cast<std::size_t>(length)});
}

}  // namespace

void identify(format::FileHeader& header) {
  header.pid = static_cast<std::uint32_t>(::getpid());
  header.parent_pid = static_cast<std::uint32_t>(::getppid());
  // torchrun, Slurm, Open MPI, MPICH and its relatives.
  header.rank = number_from({"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"});
  header.local_rank =
      number_from({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
  header.world_size =
      number_from({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"});
  header.process_start = process_start();
  char boot_id[64];
  read_file("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
  std::snprintf(header.boot_id, sizeof header.boot_id, "%.*s",
                static_cast<int>(std::strcspn(boot_id, "\n")), boot_id);
  utsname name{};
  ::uname(&name);
  std::snprintf(header.host, sizeof header.host, "%.63s", name.nodename);
}

void host_for_file_name(char* host, std::size_t bytes) {
  utsname name{};
  ::uname(&name);
  for (char* c = name.nodename; *c != '\0'; ++c)
    if (std::isalnum(static_cast<unsigned char>(*c)) == 0 && *c != '_' &&
        (*c != '.' || c == name.nodename))
      *c = '_';
  std::snprintf(host, bytes, "%.63s", name.nodename);
}

void file_name_stem(char* stem, std::size_t bytes) {
  char host[64];
  host_for_file_name(host, sizeof host);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto microseconds = static_cast<unsigned long long>(now.tv_sec) * 1'000'000u +
                            static_cast<unsigned long long>(now.tv_nsec) / 1000u;
  std::snprintf(stem, bytes, "%s-%d-%llx", host, ::getpid(), microseconds);
}

void note_job(BlockSource& file) {
  if (auto* text = arena_new<JobText>()) {
    note_command(file, *text);
    note_folders(file, *text);
  }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    note_number(file, "job.cpus_allowed", CPU_COUNT(&allowed));
  note_number(file, "job.cpus_online", ::sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace datamon::monitor
