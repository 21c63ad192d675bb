#include "monitor/sampler_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "system/own_descriptor.h"
#include "system/process_stat.h"

namespace datamon::monitor {
namespace {

// What the kernel writes for getdents64; opendir would allocate.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t bytes;
  std::uint8_t type;
  char name[1];
};
constexpr std::size_t kEntryNameOffset = offsetof(Entry, name);

// A folder may change twice within one tick of its clock: look again for a
// while after a change, and now and then in any case.
constexpr std::uint64_t kSettledNs = 2'000'000'000;
constexpr std::uint64_t kLookAnywayNs = 30'000'000'000;

bool is_recording_file(std::string_view name) { return name.ends_with(".mon"); }

// FNV-1a, never 0.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char byte : name) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash | 1;
}

// The header, once its magic is there (it is written last).
bool read_header(int folder, const char* name, format::FileHeader& header) {
  const system::OwnDescriptor file(
      ::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return false;
  const bool whole = ::pread(file.get(), &header, sizeof header, 0) == ssize_t{sizeof header};
  return whole && std::memcmp(header.magic, format::kFileMagic, sizeof header.magic) == 0 &&
         header.byte_order_mark == format::kByteOrderMark &&
         header.version_major == format::kVersionMajor;
}

}  // namespace

ProcessTable::ProcessTable(const char* directory, const char* host, const char* root)
    : directory_(directory), host_(host), root_(root) {}

void ProcessTable::scan(std::uint64_t now_ns, system::Scratch& scratch) {
  const system::OwnDescriptor folder(::open(directory_, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return;
  if (folder_changed(folder.get(), now_ns)) read_folder(folder.get(), scratch);
}

bool ProcessTable::folder_changed(int folder, std::uint64_t now_ns) {
  struct stat status {};
  if (::fstat(folder, &status) != 0) return false;
  const std::int64_t changed = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  const std::uint64_t age = now_ns - looked_ns_;
  if (changed == changed_ns_ && !unfinished_ && age < kLookAnywayNs) return false;
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t since = now.tv_sec * 1'000'000'000 + now.tv_nsec - changed;
  // Not remembered as seen while it may still change within the same tick.
  changed_ns_ = since > static_cast<std::int64_t>(kSettledNs) ? changed : -1;
  looked_ns_ = now_ns;
  return true;
}

void ProcessTable::read_folder(int folder, system::Scratch& scratch) {
  unfinished_ = false;
  for (;;) {
    const long got = ::syscall(SYS_getdents64, folder, scratch.data(), scratch.size());
    if (got <= 0) return;
    for (long offset = 0; offset + static_cast<long>(kEntryNameOffset) < got;) {
      Entry entry;
      std::memcpy(&entry, scratch.data() + offset, kEntryNameOffset);
      const char* name = scratch.data() + offset + kEntryNameOffset;
      if (is_recording_file(name) && look_at(folder, name) == Look::kUnfinished) unfinished_ = true;
      offset += entry.bytes;
    }
  }
}

ProcessTable::Look ProcessTable::look_at(int folder, const char* name) {
  const std::uint64_t hash = hash_of(name);
  std::size_t place = static_cast<std::size_t>(hash % kMaxFiles);
  while (known_[place] != 0 && known_[place] != hash) place = (place + 1) % kMaxFiles;
  if (known_[place] == hash || known_count_ == kMaxFiles / 8 * 7) return Look::kKnown;
  format::FileHeader header;
  if (!read_header(folder, name, header)) return Look::kUnfinished;
  known_[place] = hash;
  ++known_count_;
  const std::string_view host(header.host, ::strnlen(header.host, sizeof header.host));
  if (host == host_ && live_count_ < kMaxLive)
    live_[live_count_++] = {header.pid, header.process_start};
  return Look::kNew;
}

bool ProcessTable::read_process(const Live& process, std::uint64_t ticks,
                                format::ProcessSample& sample, system::Scratch& scratch) const {
  const auto stat = system::read_process_stat(root_, process.pid, scratch);
  if (!stat || (process.start != 0 && stat->start_ticks != process.start)) return false;
  const auto io = system::read_process_io(root_, process.pid, scratch);
  sample = {.ticks = ticks,
            .pid = process.pid,
            .threads = stat->threads,
            .cpu_ns = stat->cpu_ns,
            .rss_bytes = stat->rss_bytes,
            .major_faults = stat->major_faults,
            .read_bytes = io ? io->read_bytes : UINT64_MAX};
  return stat->state != 'Z' && stat->state != 'X';
}

const format::ProcessSample* ProcessTable::sample(std::uint64_t ticks, system::Scratch& scratch) {
  sampled_ = 0;
  std::size_t still_live = 0;
  for (std::size_t index = 0; index < live_count_; ++index) {
    samples_[sampled_].ticks = 0;
    const bool lives = read_process(live_[index], ticks, samples_[sampled_], scratch);
    if (samples_[sampled_].ticks == ticks) ++sampled_;
    if (lives) live_[still_live++] = live_[index];
  }
  live_count_ = still_live;
  return samples_.data();
}

}  // namespace datamon::monitor
