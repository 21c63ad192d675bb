#include "report/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "report/block_walk.h"
#include "report/file_bytes.h"
#include "report/file_header.h"
#include "report/live_check.h"
#include "report/parallel.h"
#include "report/problem_log.h"

namespace datamon::report {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".mon";

// What one file gave: nothing but problems if it cannot be used.
struct FileResult {
  std::unique_ptr<FileBytes> bytes;
  std::optional<ProcessFile> process;
  std::vector<Problem> problems;
};

ProcessFile describe(const fs::path& path, const format::FileHeader& header,
                     std::uint64_t file_bytes) {
  ProcessFile process;
  process.file = path.filename().string();
  process.file_bytes = file_bytes;
  process.header = header;
  process.host = text_of(header.host);
  const format::ClockPair latest =
      header.latest_index > 0 ? header.latest_pair[header.latest_index & 1] : header.first_pair;
  process.clock = Clock(header.first_pair, latest, header.ticks_per_second);
  return process;
}

// One look at the file.
FileResult read_once(const fs::path& path) {
  FileResult result;
  ProblemLog log(path.filename().string());
  try {
    result.bytes = std::make_unique<FileBytes>(path);
    const auto bytes = result.bytes->all();
    if (const auto header = check_header(bytes, log)) {
      result.process = describe(path, *header, bytes.size());
      walk_blocks(bytes, *result.process, log);
    }
    if (result.bytes->shrank()) log.add(bytes.size(), "the file was cut while it was read");
  } catch (const RecordingError& error) {
    log.add(0, error.what());
  }
  result.problems = log.take();
  return result;
}

// Looks again if a running job rearranged its sums meanwhile.
FileResult read_file(const fs::path& path) {
  constexpr int kMostLooks = 4;
  for (int look = 1;; ++look) {
    FileResult result = read_once(path);
    const bool may_change =
        result.process && result.bytes->is_snapshot() &&
        result.process->header.end_state == static_cast<std::uint32_t>(format::EndState::kOpen);
    if (look == kMostLooks || !may_change ||
        !merged_since(path, result.bytes->all(), result.process->header))
      return result;
  }
}

std::vector<fs::path> files_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw RecordingError(fmt::format(
        "{}: no such recording; run the job with MON=1, or name the directory that it left",
        path.string()));
  }
  if (error) throw RecordingError(fmt::format("{}: {}", path.string(), error.message()));
  if (!fs::is_directory(status)) return {path};
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == kExtension) files.push_back(at->path());
  if (error)
    throw RecordingError(fmt::format("{}: cannot list it: {}", path.string(), error.message()));
  if (files.empty()) {
    throw RecordingError(
        fmt::format("{}: holds no recording (*.mon); name the directory that a job with MON=1 left",
                    path.string()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Root first, then by start; the file name decides between equals, so that the
// order does not depend on the directory's.
bool comes_before(const ProcessFile& a, const ProcessFile& b) {
  const bool a_root = a.header.is_root == 1, b_root = b.header.is_root == 1;
  if (a_root != b_root) return a_root;
  if (a.header.first_pair.realtime_ns != b.header.first_pair.realtime_ns)
    return a.header.first_pair.realtime_ns < b.header.first_pair.realtime_ns;
  return a.file < b.file;
}

// Several processes that each created the recording: two jobs in one folder.
void check_one_job(const std::vector<ProcessFile>& processes, std::vector<Problem>& problems) {
  const ProcessFile* root = nullptr;
  for (const ProcessFile& process : processes) {
    if (process.header.is_root != 1) continue;
    if (root == nullptr) {
      root = &process;
      continue;
    }
    // exec() gives a process another program, and that one a file of its own.
    if (process.header.pid == root->header.pid && process.host == root->host &&
        process.header.process_start == root->header.process_start)
      continue;
    problems.push_back(
        {process.file, offsetof(format::FileHeader, is_root),
         fmt::format("pid {} created this recording, and so did pid {} ({}): two jobs in one "
                     "folder, reported as one. Give each its own MON_DIR",
                     process.header.pid, root->header.pid, root->file)});
  }
}

}  // namespace

struct Recording::Impl {
  fs::path path;
  std::vector<std::unique_ptr<FileBytes>> files;
  std::vector<ProcessFile> processes;
  std::vector<Problem> problems;
};

Recording::Recording(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

const std::filesystem::path& Recording::path() const { return impl_->path; }
const std::vector<ProcessFile>& Recording::processes() const { return impl_->processes; }
const std::vector<Problem>& Recording::problems() const { return impl_->problems; }

Recording Recording::open(const std::filesystem::path& path) {
  const std::vector<fs::path> files = files_of(path);
  std::vector<FileResult> results(files.size());
  parallel_for(files.size(), [&](std::size_t i) { results[i] = read_file(files[i]); });

  auto impl = std::make_unique<Impl>();
  impl->path = path;
  for (FileResult& result : results) {
    std::move(result.problems.begin(), result.problems.end(), std::back_inserter(impl->problems));
    if (!result.process) continue;
    impl->processes.push_back(std::move(*result.process));
    impl->files.push_back(std::move(result.bytes));
  }
  std::sort(impl->processes.begin(), impl->processes.end(), comes_before);
  check_one_job(impl->processes, impl->problems);
  return Recording(std::move(impl));
}

const Stage* ProcessFile::stage(std::uint16_t id) const {
  const auto at =
      std::lower_bound(stages.begin(), stages.end(), id,
                       [](const Stage& s, std::uint16_t wanted) { return s.id < wanted; });
  return at != stages.end() && at->id == id ? &*at : nullptr;
}

std::string_view ProcessFile::note(std::string_view key) const {
  for (auto at = notes.rbegin(); at != notes.rend(); ++at)
    if (at->first == key) return at->second;
  return {};
}

std::optional<std::size_t> Samples::find(std::string_view name) const {
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (metrics[i].name == name) return i;
  return std::nullopt;
}

}  // namespace datamon::report
