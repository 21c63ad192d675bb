// The file that all processes of a host share during an experiment: made whole under
// another name and then linked, so that whoever finds it finds all of it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "monitor/clock.h"
#include "monitor/identity.h"
#include "monitor/probe.h"
#include "system/own_descriptor.h"

namespace datamon::monitor {
namespace {

using format::ProbeHeader;
using format::ProbePage;
using system::OwnDescriptor;

struct Names {
  char file[80];
  char draft[128];
};

Names names_of_this_host() {
  Names names;
  char host[64];
  host_for_file_name(host, sizeof host);
  std::snprintf(names.file, sizeof names.file, "%s.probe", host);
  std::snprintf(names.draft, sizeof names.draft, "%s.probe-%d", host, ::getpid());
  return names;
}

bool write_all(int fd, const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t done = ::write(fd, from, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    from += done;
    bytes -= static_cast<std::size_t>(done);
  }
  return true;
}

// Really written, so that no store into the mapping finds the disk full.
bool write_page(int fd, const ProbeHeader& header) {
  static constexpr char kZeros[4096] = {};
  if (!write_all(fd, &header, sizeof header)) return false;
  for (std::size_t left = sizeof(ProbePage) - sizeof header; left > 0;) {
    const std::size_t part = left < sizeof kZeros ? left : sizeof kZeros;
    if (!write_all(fd, kZeros, part)) return false;
    left -= part;
  }
  return true;
}

// Writing beyond it would end the job.
bool is_within_file_size_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= sizeof(ProbePage);
}

ProbeHeader fresh_header(const char (&boot_id)[40], const Settings& settings) {
  ProbeHeader header{};
  std::memcpy(header.magic, format::kProbeMagic, sizeof header.magic);
  header.version = format::kProbeVersion;
  header.delay_ppm = settings.probe_delay_ppm;
  header.created_ns = MonotonicClock::now();
  header.limit_ns = settings.probe_limit_ns;
  header.seed = format::mix_probe(header.created_ns ^ static_cast<std::uint64_t>(::getpid()));
  std::memcpy(header.boot_id, boot_id, sizeof header.boot_id);
  return header;
}

// True if the file is there now, whoever made it.
bool make_file(int folder, const Names& names, const ProbeHeader& header) {
  if (!is_within_file_size_limit()) return false;
  const OwnDescriptor draft(
      ::openat(folder, names.draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (draft.get() < 0) return false;
  const bool made = write_page(draft.get(), header) &&
                    (::linkat(folder, names.draft, folder, names.file, 0) == 0 || errno == EEXIST);
  ::unlinkat(folder, names.draft, 0);
  return made;
}

ProbePage* map_file(int folder, const Names& names) {
  // O_NONBLOCK: in a folder that others can write a fifo may lie in wait.
  const OwnDescriptor file(
      ::openat(folder, names.file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != sizeof(ProbePage))
    return nullptr;
  void* const at =
      ::mmap(nullptr, sizeof(ProbePage), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  return at == MAP_FAILED ? nullptr : static_cast<ProbePage*>(at);
}

bool is_ours(const ProbeHeader& header, const char (&boot_id)[40]) {
  return std::memcmp(header.magic, format::kProbeMagic, sizeof header.magic) == 0 &&
         header.version == format::kProbeVersion &&
         std::memcmp(header.boot_id, boot_id, sizeof header.boot_id) == 0;
}

}  // namespace

const char* begin_probe(RecordingDirectory& directory, const char (&boot_id)[40],
                        const Settings& settings) {
  const OwnDescriptor folder(open_recording_directory(directory));
  if (folder.get() < 0) return "the recording's folder cannot be opened";
  const Names names = names_of_this_host();
  ProbePage* page = map_file(folder.get(), names);
  if (page == nullptr && make_file(folder.get(), names, fresh_header(boot_id, settings)))
    page = map_file(folder.get(), names);
  if (page == nullptr) return "its file cannot be made in the recording's folder";
  if (!is_ours(page->header, boot_id)) {
    ::munmap(page, sizeof *page);
    return "the recording's folder has the file of another experiment";
  }
  g_probe_page.store(page, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace datamon::monitor
