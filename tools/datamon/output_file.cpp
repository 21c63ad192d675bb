#include "output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "command.h"

namespace datamon::cli {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

CommandError failed(const std::string& path, int error) {
  return CommandError(
      "cannot write " + path + ": " + std::strerror(error) + "; name another place with -o", 1);
}

bool write_all(std::FILE* file, const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

}  // namespace

void write_output(const std::string& path, const std::string& text) {
  if (path.empty() || path == "-") {
    if (!write_all(stdout, text) && errno != EPIPE) throw failed("standard output", errno);
    return;
  }
  // A device or pipe is written to; a file is replaced only by a whole one.
  std::error_code error;
  const bool replace =
      !std::filesystem::exists(path, error) || std::filesystem::is_regular_file(path, error);
  const std::string beside = replace ? path + ".part" + std::to_string(getpid()) : path;
  std::unique_ptr<std::FILE, Close> file(std::fopen(beside.c_str(), "wb"));
  if (file == nullptr) throw failed(path, errno);
  const bool whole = write_all(file.get(), text);
  const int write_error = errno;
  file.reset();
  if (whole && (!replace || std::rename(beside.c_str(), path.c_str()) == 0)) return;
  const int last_error = whole ? errno : write_error;
  if (replace) std::remove(beside.c_str());
  throw failed(path, last_error);
}

}  // namespace datamon::cli
