#include "pipeline/source.h"

#include <fmt/format.h>
#include <strings.h>

#include <array>
#include <cstring>

#include "pipeline/error.h"

namespace datamon::pipeline {

bool looks_like_jpeg(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kEndings = {".jpg", ".jpeg", ".jpe", ".jfif"};
  for (const auto ending : kEndings) {
    if (name.size() > ending.size() &&
        strncasecmp(name.data() + name.size() - ending.size(), ending.data(), ending.size()) == 0)
      return true;
  }
  return false;
}

std::unique_ptr<Source> Source::open(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status))
    throw PipelineError(fmt::format("{}: {}; name a folder of folders of JPEGs or a .tar of JPEGs",
                                    path.string(),
                                    error ? error.message() : std::string(std::strerror(ENOENT))));
  auto source = std::filesystem::is_directory(status) ? open_folder(path) : open_tar(path);
  if (source->size() == 0) {
    std::string remarks;
    for (const std::string& remark : source->remarks()) remarks += "; " + remark;
    throw PipelineError(fmt::format(
        "{}: no JPEG (.jpg, .jpeg, .jpe, .jfif) in it{}; name a folder of folders of JPEGs or a "
        ".tar of JPEGs",
        path.string(), remarks));
  }
  return source;
}

}  // namespace datamon::pipeline
