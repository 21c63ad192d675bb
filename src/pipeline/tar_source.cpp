// A .tar of JPEGs: the archive stays open, each item is one pread at its offset.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "pipeline/error.h"
#include "pipeline/file.h"
#include "pipeline/source.h"
#include "pipeline/tar_index.h"

namespace datamon::pipeline {
namespace {

std::string_view folder_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash + 1);
}

// The folders that all names share ("train/"), but never the last folder of a name: that is the
// class even where there is only one.
class SharedPrefix {
 public:
  void add(std::string_view name) {
    const auto folder = folder_of(name);
    const auto above = folder.empty() ? folder : folder_of(folder.substr(0, folder.size() - 1));
    if (first_) prefix_ = above;
    first_ = false;
    while (!name.starts_with(prefix_) || prefix_.size() > above.size())
      prefix_ = std::string(folder_of(std::string_view(prefix_).substr(0, prefix_.size() - 1)));
  }
  std::size_t size() const { return prefix_.size(); }

 private:
  bool first_ = true;
  std::string prefix_;  // "" or ends with '/'
};

class TarSource : public Source {
 public:
  explicit TarSource(const std::filesystem::path& path)
      : Source(path.string()), archive_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!archive_)
      throw PipelineError(fmt::format("{}: {}; make it readable or name another archive", path_,
                                      std::strerror(errno)));
    SharedPrefix prefix;
    const auto passed_over = scan_tar(archive_.descriptor(), path_, [&](const TarMember& member) {
      auto name = member.name;
      while (name.starts_with("./")) name.remove_prefix(2);
      if (!looks_like_jpeg(name) || name.find('\0') != std::string_view::npos) return;
      table_.add(name, member.offset, member.bytes);
      prefix.add(name);
    });
    table_.finish(prefix.size());
    table_.keep_latest();  // as extracting the archive would
    if (passed_over > 0)
      remarks_.push_back(
          fmt::format("{} entries that are not plain files are left out", passed_over));
  }

  std::string read(std::size_t index, ReadBuffer& buffer) const override {
    const std::uint64_t bytes = table_.bytes(index);
    if (bytes > kMaxItemBytes) return fmt::format("larger than {} MiB", kMaxItemBytes >> 20);
    const ssize_t got =
        read_at(archive_.descriptor(), buffer.reserve(bytes), bytes, table_.offset(index));
    if (got < 0) return std::strerror(errno);
    if (static_cast<std::uint64_t>(got) != bytes) return "the archive was cut off while in use";
    buffer.set_size(bytes);
    return {};
  }

 private:
  File archive_;
};

}  // namespace

std::unique_ptr<Source> open_tar(const std::filesystem::path& path) {
  return std::make_unique<TarSource>(path);
}

}  // namespace datamon::pipeline
