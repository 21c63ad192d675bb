// A recording in a temporary folder: files of the real format, shared mappings
// (what a killed process wrote stays), and a reader that knows only the format.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/recording_format.h"
#include "monitor/block_source.h"
#include "temporary_folder.h"

namespace datamon::test {

// A `.mon` file of the calling process. It must outlive the sampler: processes
// that end with the sampler running make theirs with lasting_recording().
class RecordingFile final : public monitor::BlockSource {
 public:
  RecordingFile(const std::filesystem::path& folder, const std::string& host,
                std::uint64_t max_bytes = 4 << 20);

  format::BlockHeader* allocate(format::BlockType type, std::uint32_t bytes) override;
  void publish(format::BlockHeader* block) override;
  void note(std::string_view key, std::string_view value) override;

  format::FileHeader* header() { return header_; }
  const std::map<std::string, std::string>& notes() const { return notes_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> notes_;
  unsigned char* base_ = nullptr;
  std::uint64_t max_bytes_;
  format::FileHeader* header_ = nullptr;
};

// One that lives until the process ends.
RecordingFile& lasting_recording(const std::filesystem::path& folder, const std::string& host,
                                 std::uint64_t max_bytes = 4 << 20);

// What a file holds, read with plain file reads.
struct SamplerFile {
  format::FileHeader header{};
  std::vector<format::MetricRecord> metrics;
  std::vector<std::vector<double>> rows;  // [0] is the time in ticks
  std::vector<format::ProcessSample> processes;

  std::optional<std::size_t> find(std::string_view metric) const;  // column in a row
  double value(std::size_t row, std::string_view metric) const;    // NaN if there is no such
};
SamplerFile read_sampler_file(const std::filesystem::path& file);
std::vector<SamplerFile> read_sampler_files(const std::filesystem::path& folder);

std::string name_of(const format::MetricRecord& record);

// CLOCK_MONOTONIC, the test recordings' clock.
std::uint64_t ticks();

// Polls until `done`; false when that takes so long that it will never come.
template <typename Condition>
bool eventually(Condition done, double seconds = 60) {
  const std::uint64_t end = ticks() + static_cast<std::uint64_t>(seconds * 1e9);
  while (!done()) {
    if (ticks() > end) return false;
    struct timespec pause {
      0, 2'000'000
    };
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace datamon::test
