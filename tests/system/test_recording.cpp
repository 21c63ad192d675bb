#include "test_recording.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>

#include "system/process_stat.h"

namespace datamon::test {

using format::BlockHeader;
using format::BlockType;

RecordingFile::RecordingFile(const std::filesystem::path& folder, const std::string& host,
                             std::uint64_t max_bytes)
    : max_bytes_(max_bytes) {
  const auto scratch = std::make_unique<system::Scratch>();
  const auto stat = system::read_process_stat("", 0, *scratch);
  const std::uint64_t start = stat ? stat->start_ticks : 0;
  const std::string name =
      host + "-" + std::to_string(::getpid()) + "-" + std::to_string(start) + ".mon";
  const int file = ::open((folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, static_cast<off_t>(max_bytes)) != 0)
    throw std::runtime_error("cannot make " + name);
  void* base = ::mmap(nullptr, max_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (base == MAP_FAILED) throw std::runtime_error("cannot map " + name);
  base_ = static_cast<unsigned char*>(base);
  header_ = static_cast<format::FileHeader*>(base);
  header_->version_major = format::kVersionMajor;
  header_->byte_order_mark = format::kByteOrderMark;
  header_->header_bytes = 4096;
  header_->max_bytes = max_bytes;
  header_->allocated_bytes = 4096;
  header_->pid = static_cast<std::uint32_t>(::getpid());
  header_->process_start = start;
  std::strncpy(header_->host, host.c_str(), sizeof header_->host - 1);
  std::memcpy(header_->magic, format::kFileMagic, sizeof header_->magic);
}

RecordingFile& lasting_recording(const std::filesystem::path& folder, const std::string& host,
                                 std::uint64_t max_bytes) {
  static std::vector<std::unique_ptr<RecordingFile>>& all =
      *new std::vector<std::unique_ptr<RecordingFile>>();
  return *all.emplace_back(std::make_unique<RecordingFile>(folder, host, max_bytes));
}

BlockHeader* RecordingFile::allocate(BlockType type, std::uint32_t bytes) {
  const std::lock_guard lock(mutex_);
  if (header_->allocated_bytes + bytes > max_bytes_) return nullptr;
  auto* block = reinterpret_cast<BlockHeader*>(base_ + header_->allocated_bytes);
  block->type = static_cast<std::uint16_t>(type);
  block->bytes = bytes;
  block->track = format::kUnknown;
  header_->allocated_bytes += bytes;
  return block;
}

void RecordingFile::publish(BlockHeader* block) {
  __atomic_store_n(&block->magic, format::kBlockMagic, __ATOMIC_RELEASE);
}

void RecordingFile::note(std::string_view key, std::string_view value) {
  const std::lock_guard lock(mutex_);
  notes_[std::string(key)] = value;
}

std::optional<std::size_t> SamplerFile::find(std::string_view metric) const {
  for (std::size_t index = 0; index < metrics.size(); ++index)
    if (name_of(metrics[index]) == metric) return index + 1;
  return std::nullopt;
}

double SamplerFile::value(std::size_t row, std::string_view metric) const {
  const auto column = find(metric);
  return column ? rows.at(row).at(*column) : std::numeric_limits<double>::quiet_NaN();
}

std::string name_of(const format::MetricRecord& record) { return {record.name, record.name_bytes}; }

namespace {

// Of the two blocks of a type, the one with the higher `active`.
const BlockHeader* valid_block(const std::vector<const BlockHeader*>& blocks, BlockType type) {
  const BlockHeader* best = nullptr;
  for (const BlockHeader* block : blocks) {
    if (block->type != static_cast<std::uint16_t>(type) || block->active == 0) continue;
    if (block->generation % 2 == 0 && (best == nullptr || block->active > best->active))
      best = block;
  }
  return best;
}

template <typename Record>
std::vector<Record> records_of(const BlockHeader* block) {
  if (block == nullptr || block->count == 0) return {};
  std::vector<Record> records(block->count);
  std::memcpy(static_cast<void*>(records.data()), block + 1, records.size() * sizeof(Record));
  return records;
}

}  // namespace

SamplerFile read_sampler_file(const std::filesystem::path& path) {
  std::error_code gone;
  const auto size = std::filesystem::file_size(path, gone);
  std::vector<char> bytes(gone ? 0 : size);
  std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  SamplerFile file;
  if (bytes.size() < sizeof file.header) return file;
  std::memcpy(&file.header, bytes.data(), sizeof file.header);
  std::vector<const BlockHeader*> blocks;
  for (std::uint64_t at = file.header.header_bytes; at < file.header.allocated_bytes;) {
    const auto* block = reinterpret_cast<const BlockHeader*>(bytes.data() + at);
    const bool whole = block->magic == format::kBlockMagic;
    if (whole) blocks.push_back(block);
    at += whole ? block->bytes : format::kBlockAlignment;
  }
  for (const BlockHeader* block : blocks)
    if (block->type == static_cast<std::uint16_t>(BlockType::kMetrics))
      file.metrics = records_of<format::MetricRecord>(block);
  file.processes = records_of<format::ProcessSample>(valid_block(blocks, BlockType::kProcesses));
  const BlockHeader* samples = valid_block(blocks, BlockType::kSamples);
  for (std::uint64_t row = 0; samples != nullptr && row < samples->count; ++row) {
    const std::size_t width = 1 + file.metrics.size();
    std::vector<double> values(width);
    std::memcpy(values.data(), reinterpret_cast<const double*>(samples + 1) + row * width,
                width * sizeof(double));
    std::uint64_t time;
    std::memcpy(&time, values.data(), sizeof time);
    values[0] = static_cast<double>(time);
    file.rows.push_back(std::move(values));
  }
  return file;
}

std::vector<SamplerFile> read_sampler_files(const std::filesystem::path& folder) {
  std::vector<SamplerFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".mon") continue;
    SamplerFile file = read_sampler_file(entry.path());
    if (!file.rows.empty()) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const SamplerFile& a, const SamplerFile& b) {
    return a.rows.front().front() < b.rows.front().front();
  });
  return files;
}

std::uint64_t ticks() {
  struct timespec time {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace datamon::test
