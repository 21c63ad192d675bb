// A folder of folders of JPEGs: each first-level folder is a class; images below it at any depth
// belong to it. Images directly in the folder are a class of their own, "".
#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "pipeline/error.h"
#include "pipeline/file.h"
#include "pipeline/source.h"

namespace datamon::pipeline {
namespace {

constexpr int kMaxDepth = 16;  // symbolic links may lead in circles

enum class Entry { file, folder, other };

class FolderSource : public Source {
 public:
  explicit FolderSource(const std::filesystem::path& path) : Source(path.string()) {
    folder_ = File(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_)
      throw PipelineError(fmt::format("{}: {}; make it readable or name another folder", path_,
                                      std::strerror(errno)));
    std::string prefix;
    walk(prefix, 0);
    table_.finish(0);
    if (empty_folders_ > 0)
      remarks_.push_back(fmt::format("{} folder{} without a JPEG, the first: {}", empty_folders_,
                                     empty_folders_ == 1 ? "" : "s", first_empty_));
  }

  std::string read(std::size_t index, ReadBuffer& buffer) const override {
    const char* const name = table_.name(index).data();  // NUL-terminated in the table
    const File file(::openat(folder_.descriptor(), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file || fstat(file.descriptor(), &status) != 0) return reason(errno);
    if (!S_ISREG(status.st_mode)) return "not a regular file";
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes > kMaxItemBytes) return fmt::format("larger than {} MiB", kMaxItemBytes >> 20);
    const ssize_t got = read_at(file.descriptor(), buffer.reserve(bytes), bytes, 0);
    if (got < 0) return reason(errno);
    buffer.set_size(static_cast<std::size_t>(got));
    return {};
  }

 private:
  static std::string reason(int error) {
    if (error == ENOENT) return "the file is gone since the folder was listed";
    if (error == EMFILE || error == ENFILE)
      return fmt::format("{}; raise the limit with ulimit -n", std::strerror(error));
    return std::strerror(error);
  }

  static Entry kind_of(int folder, const dirent& entry) {
    if (entry.d_type == DT_REG) return Entry::file;
    if (entry.d_type == DT_DIR) return Entry::folder;
    if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return Entry::other;
    struct stat status {};
    if (fstatat(folder, entry.d_name, &status, 0) != 0) return Entry::file;  // read() says why
    if (S_ISDIR(status.st_mode)) return Entry::folder;
    return S_ISREG(status.st_mode) ? Entry::file : Entry::other;
  }

  // Adds what lies below `prefix` ("" or "folder/"); gives `prefix` back as it was.
  void walk(std::string& prefix, int depth) {
    const int descriptor = ::openat(folder_.descriptor(), prefix.empty() ? "." : prefix.c_str(),
                                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(
        descriptor < 0 ? nullptr : fdopendir(descriptor), closedir);
    if (!listing) {
      remarks_.push_back(fmt::format("{}{} cannot be listed ({}): its images are left out",
                                     "folder ", prefix, std::strerror(errno)));
      return;
    }
    const std::size_t before = table_.size();
    bool folders = false;
    while (const dirent* entry = readdir(listing.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      const Entry kind = kind_of(descriptor, *entry);
      const std::size_t length = prefix.size();
      prefix += name;
      if (kind == Entry::folder && depth < kMaxDepth) {
        folders = true;
        prefix += '/';
        walk(prefix, depth + 1);
      } else if (kind == Entry::file && looks_like_jpeg(name)) {
        table_.add(prefix, 0, 0);
      }
      prefix.resize(length);
    }
    if (table_.size() == before && !folders && empty_folders_++ == 0) first_empty_ = prefix;
  }

  File folder_;
  std::size_t empty_folders_ = 0;
  std::string first_empty_;
};

}  // namespace

std::unique_ptr<Source> open_folder(const std::filesystem::path& path) {
  return std::make_unique<FolderSource>(path);
}

}  // namespace datamon::pipeline
