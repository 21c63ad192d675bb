#include "monitor/recording_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "monitor/options.h"

namespace datamon::monitor {
namespace {

constexpr int kMaxSuffix = 1000;

template <typename... Values>
bool fail(RecordingDirectory& directory, const char* format, Values... values) {
  std::snprintf(directory.error, sizeof directory.error, format, values...);
  return false;
}

// `name` made absolute. Not resolved further: links in its parents may change.
bool make_absolute(RecordingDirectory& directory, const char* name) {
  static char folder[kPathBytes];  // attaching happens once, on a stack of any size
  if (name[0] != '/' && ::getcwd(folder, sizeof folder) == nullptr)
    return fail(directory, "the current folder is gone (%s); set MON_DIR to an absolute path",
                std::strerror(errno));
  const int length = std::snprintf(directory.path, sizeof directory.path, "%s%s%s", folder,
                                   name[0] == '/' || folder[1] == '\0' ? "" : "/", name);
  if (length < 0 || static_cast<std::size_t>(length) >= sizeof directory.path)
    return fail(directory,
                "the path of the recording is longer than %zu bytes; set a shorter "
                "MON_DIR",
                sizeof directory.path - 1);
  for (int end = length; end > 1 && directory.path[end - 1] == '/'; --end)
    directory.path[end - 1] = '\0';
  return true;
}

bool use_named(RecordingDirectory& directory, const char* name) {
  if (!make_absolute(directory, name)) return false;
  if (::mkdir(directory.path, 0777) == 0 || errno == EEXIST) return true;
  return fail(directory, "cannot make %s: %s; set MON_DIR to a folder that can be written",
              directory.path, std::strerror(errno));
}

// mkdir() decides who gets a name, so that two jobs never share one by chance.
bool make_fresh(RecordingDirectory& directory) {
  const time_t now = ::time(nullptr);
  tm local{};
  ::localtime_r(&now, &local);
  char stamp[32];
  ::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
  for (int suffix = 1; suffix < kMaxSuffix; ++suffix) {
    char name[96];
    const int length = std::snprintf(name, sizeof name, "datamon-%s-%d", stamp, ::getpid());
    if (suffix > 1)
      std::snprintf(name + length, sizeof name - static_cast<std::size_t>(length), "-%d", suffix);
    if (!make_absolute(directory, name)) return false;
    if (::mkdir(directory.path, 0777) == 0) return true;
    if (errno != EEXIST) break;
  }
  return fail(directory, "cannot make %s: %s; set MON_DIR to a folder that can be written",
              directory.path, std::strerror(errno));
}

}  // namespace

bool find_recording_directory(RecordingDirectory& directory) {
  const char* name = ::secure_getenv(kDirectory.name);
  const bool named = name != nullptr && name[0] != '\0';
  if (named ? !use_named(directory, name) : !make_fresh(directory)) return false;
  if (!named || std::strcmp(name, directory.path) != 0)
    ::setenv(kDirectory.name, directory.path, 1);  // children join
  return true;
}

int open_recording_directory(RecordingDirectory& directory) {
  const int fd = ::open(directory.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    fail(directory, "cannot open %s: %s; set MON_DIR to a folder of your own", directory.path,
         errno == ENOTDIR || errno == ELOOP ? "it is not a directory, or a symbolic link"
                                            : std::strerror(errno));
    return -1;
  }
  struct stat status {};
  if (::fstat(fd, &status) == 0 && status.st_uid == ::geteuid()) return fd;
  fail(directory, "%s belongs to another user (uid %u); set MON_DIR to a folder of your own",
       directory.path, static_cast<unsigned>(status.st_uid));
  ::close(fd);
  return -1;
}

}  // namespace datamon::monitor
