#include "open_files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "data_rule.h"
#include "file_use.h"

namespace datamon::preload {

std::atomic<bool> g_is_data[kMostDescriptors];
OpenFile* g_open_files = nullptr;

namespace {

bool is_number(int descriptor) { return static_cast<unsigned>(descriptor) < kMostDescriptors; }

bool reads_what_was_there(int flags) {
  if ((flags & O_ACCMODE) == O_WRONLY || (flags & (O_PATH | O_DIRECTORY | O_TRUNC)) != 0)
    return false;
  return (flags & O_TMPFILE) != O_TMPFILE && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

// What the kernel calls the file.
std::size_t path_of(int descriptor, char (&to)[PATH_MAX]) {
  char link[40];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t bytes = ::readlink(link, to, sizeof to);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void enter(int descriptor, std::string_view path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
  OpenFile& file = g_open_files[descriptor];
  file.key = datamon_file_key(path.data(), path.size());
  file.file_bytes = static_cast<std::uint64_t>(status.st_size);
  const std::size_t bytes = std::min(path.size(), sizeof file.path);
  std::memcpy(file.path, path.data() + (path.size() - bytes), bytes);
  file.path_bytes = static_cast<std::uint16_t>(bytes);
  file.used.store(false, std::memory_order_relaxed);
  g_is_data[descriptor].store(true, std::memory_order_release);
}

// A relative path means a file of the current folder, or of openat()'s.
__attribute__((noinline)) void enter_relative(int descriptor) {
  char path[PATH_MAX];
  const std::string_view full(path, path_of(descriptor, path));
  if (is_data_path(full)) enter(descriptor, full);
}

}  // namespace

bool prepare_open_files() {
  constexpr std::size_t kBytes = sizeof(OpenFile) * kMostDescriptors;
  void* memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::madvise(memory, kBytes, MADV_NOHUGEPAGE);  // a few pages of it are used
  g_open_files = static_cast<OpenFile*>(memory);
  return true;
}

void note_opened(int descriptor, const char* path, int flags) {
  if (!recording_wanted() || !is_number(descriptor) || !owns_memory()) return;
  const Inside inside;
  if (g_is_data[descriptor].load(std::memory_order_relaxed))  // closed unseen
    g_is_data[descriptor].store(false, std::memory_order_relaxed);
  if (!reads_what_was_there(flags)) return;
  const std::string_view name(path);
  if (name.starts_with('/')) {
    if (is_data_path(name)) enter(descriptor, name);
  } else if (!has_code_suffix(name)) {
    enter_relative(descriptor);
  }
}

void note_closed(int descriptor) {
  OpenFile* file = data_file(descriptor);
  if (file == nullptr || !owns_memory()) return;
  const Inside inside;
  count_storage(*file);
  g_is_data[descriptor].store(false, std::memory_order_relaxed);
}

void note_closed_range(unsigned first, unsigned last) {
  if (!recording_wanted() || !owns_memory()) return;
  for (unsigned i = first; i <= last && i < kMostDescriptors; ++i)
    g_is_data[i].store(false, std::memory_order_relaxed);
}

void note_copied(int descriptor, int copy) {
  if (!recording_wanted() || !is_number(copy) || copy == descriptor || !owns_memory()) return;
  const OpenFile* file = data_file(descriptor);
  if (file != nullptr) {
    OpenFile& to = g_open_files[copy];
    std::memcpy(to.path, file->path, file->path_bytes);
    to.path_bytes = file->path_bytes;
    to.key = file->key;
    to.file_bytes = file->file_bytes;
    to.used.store(file->used.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  g_is_data[copy].store(file != nullptr, std::memory_order_release);
}

}  // namespace datamon::preload
