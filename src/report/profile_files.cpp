// The data files: sums over all processes, how many different ones, the slowest.
#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include "report/profile_parts.h"

namespace datamon::report {
namespace {

constexpr std::size_t kRegisters = std::size_t{1} << format::kFileSketchBits;
using Sketch = std::array<std::uint8_t, kRegisters>;

void merge(Sketch& into, const format::FileTotals& totals) {
  for (std::size_t i = 0; i < kRegisters; ++i) into[i] = std::max(into[i], totals.sketch[i]);
}

// HyperLogLog (Flajolet et al. 2007), with linear counting where it is better.
double estimate(const Sketch& sketch) {
  constexpr auto kCount = static_cast<double>(kRegisters);
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kCount);
  double sum = 0;
  std::size_t empty = 0;
  for (const std::uint8_t rank : sketch) {
    sum += std::ldexp(1.0, -rank);
    empty += rank == 0;
  }
  const double raw = kAlpha * kCount * kCount / sum;
  if (raw <= 2.5 * kCount && empty > 0)
    return kCount * std::log(kCount / static_cast<double>(empty));
  return raw;
}

void add(FilesProfile& files, const format::FileTotals& totals, const Clock& clock) {
  files.uses += totals.uses;
  files.reads += totals.reads;
  files.bytes_read += totals.bytes_read;
  files.bytes_mapped += totals.bytes_mapped;
  files.storage_bytes += totals.storage_bytes;
  files.slow_reads += totals.slow_reads;
  files.read_s += clock.seconds(totals.read_ticks);
  files.slow_s += clock.seconds(totals.slow_ticks);
}

void add(FileProfile& file, const format::FileRecord& record, const Clock& clock) {
  if (file.path.empty()) file.path.assign(record.path, record.path_bytes);
  file.uses += record.uses;
  file.reads += record.reads;
  file.file_bytes = std::max(file.file_bytes, record.file_bytes);
  file.bytes_read += record.bytes_read;
  file.bytes_mapped += record.bytes_mapped;
  file.storage_bytes += record.storage_bytes;
  file.read_s += clock.seconds(record.read_ticks);
  file.longest_ms = std::max(file.longest_ms, clock.seconds(record.longest_ticks) * 1e3);
}

}  // namespace

void fill_files(Profile& profile, const Recording& recording) {
  FilesProfile& files = profile.files;
  Sketch sketch{};
  bool complete = true;
  std::unordered_map<std::uint64_t, FileProfile> by_key;
  for (const ProcessFile& process : recording.processes()) {
    const format::FileTotals* totals = process.files.totals;
    if (totals == nullptr) continue;
    files.present = true;
    add(files, *totals, process.clock);
    merge(sketch, *totals);
    complete = complete && totals->unlisted_uses == 0 && totals->replaced == 0;
    for (const format::FileRecord* record : process.files.records)
      add(by_key[record->key], *record, process.clock);
  }
  files.distinct_estimated = !complete;
  files.distinct = by_key.size();
  if (!complete) {
    const auto estimated = static_cast<std::uint64_t>(std::llround(estimate(sketch)));
    files.distinct = std::max<std::uint64_t>(files.distinct, std::min(estimated, files.uses));
  }
  std::vector<PlaceReads> places;
  for (const auto& [key, file] : by_key) {
    if (complete) files.distinct_bytes += static_cast<double>(file.file_bytes);
    places.push_back({file.path, static_cast<double>(file.bytes_read), file.read_s});
  }
  files.slow_place = slow_place(places);
  for (auto& [key, file] : by_key) files.slowest.push_back(std::move(file));
  const auto shown = files.slowest.begin() +
                     static_cast<std::ptrdiff_t>(std::min(files.slowest.size(), kMostFiles));
  std::partial_sort(files.slowest.begin(), shown, files.slowest.end(),
                    [](const FileProfile& a, const FileProfile& b) {
                      if (a.read_s != b.read_s) return a.read_s > b.read_s;
                      return a.path < b.path;
                    });
  files.slowest.erase(shown, files.slowest.end());
}

}  // namespace datamon::report
