#include "report/probe/probe_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>

#include "report/recording.h"

namespace datamon::report {
namespace {

namespace fs = std::filesystem;
using format::ProbeHeader;
using format::ProbePage;

// Ten days: whatever is longer is damage.
constexpr std::uint64_t kLongest_ns = 864'000'000'000'000;

// "" or why the header cannot be true.
std::string what_is_wrong(const ProbeHeader& header) {
  if (std::memcmp(header.magic, format::kProbeMagic, sizeof header.magic) != 0)
    return "it is not an experiment's file, or its start is damaged";
  if (header.version != format::kProbeVersion)
    return fmt::format("its version is {}, this program reads {}", header.version,
                       format::kProbeVersion);
  if (header.start_ns == 0) return "";
  const bool known = header.class_count <= format::kMostProbeClasses &&
                     std::all_of(header.classes, header.classes + header.class_count,
                                 [](std::uint16_t c) { return c > 0 && c < 12; });
  const bool possible = header.delay_ppm > 0 && header.delay_ppm <= 1'000'000 &&
                        header.window_ns > 0 && header.window_ns <= kLongest_ns &&
                        header.settle_ns < header.window_ns && header.limit_ns <= kLongest_ns &&
                        header.start_ns < UINT64_MAX / 2 &&
                        (header.stop_ns == 0 || header.stop_ns >= header.start_ns);
  return known && possible ? "" : "its schedule is not a possible one";
}

}  // namespace

ProbeRecord read_probe(const fs::path& file) {
  const auto fail = [&](const std::string& why) -> RecordingError {
    return RecordingError(fmt::format("{}: {}; the experiment is left out", file.string(), why));
  };
  std::ifstream stream(file, std::ios::binary);
  const auto page = std::make_unique<ProbePage>();
  if (!stream.read(reinterpret_cast<char*>(page.get()), sizeof *page))
    throw fail("it is shorter than it must be, or cannot be read");
  if (const std::string wrong = what_is_wrong(page->header); !wrong.empty()) throw fail(wrong);
  ProbeRecord record;
  record.header = page->header;
  std::size_t used = format::kProbeWindows;
  while (used > 0 && page->windows[used - 1].steps == 0 && page->windows[used - 1].added_ns == 0)
    --used;
  record.windows.assign(page->windows, page->windows + used);
  return record;
}

std::vector<fs::path> probe_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".probe") files.push_back(at->path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace datamon::report
