// Where images come from: a folder of folders of JPEGs or a .tar of JPEGs.
//
// A source is opened once; its index (names and labels, sorted) is built then. Items are numbered
// from 0 in the order of their class (first folder) and name, the same for a folder and for a tar
// made of it.
//
// Thread-safety: const functions from any thread, and from forked processes. Ownership: names are
// valid as long as the source. Errors: open throws PipelineError (what happened, to what, what to
// do); read returns the reason, as one bad item does not stop a loader.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/item_table.h"
#include "pipeline/read_buffer.h"

namespace datamon::pipeline {

// A file larger than this is not read: it is no photograph, and its memory would be kept.
inline constexpr std::uint64_t kMaxItemBytes = 256ull << 20;

class Source {
 public:
  // Opens a directory or a tar file, whichever `path` is.
  static std::unique_ptr<Source> open(const std::filesystem::path& path);
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Reads an item into `buffer`. Returns "" or why it could not be read.
  virtual std::string read(std::size_t index, ReadBuffer& buffer) const = 0;

  std::size_t size() const { return table_.size(); }
  std::string_view name(std::size_t index) const { return table_.name(index); }
  int label(std::size_t index) const { return table_.label(index); }
  const std::vector<std::string>& classes() const { return table_.classes(); }
  const std::string& path() const { return path_; }
  // What a person should know: folders that could not be read, entries passed over.
  const std::vector<std::string>& remarks() const { return remarks_; }

 protected:
  explicit Source(std::string path) : path_(std::move(path)) {}
  std::string path_;
  ItemTable table_;
  std::vector<std::string> remarks_;
};

std::unique_ptr<Source> open_folder(const std::filesystem::path& path);
std::unique_ptr<Source> open_tar(const std::filesystem::path& path);

// Whether a file name ends like a JPEG's: .jpg, .jpeg, .jpe, .jfif, in any case.
bool looks_like_jpeg(std::string_view name);

}  // namespace datamon::pipeline
