// The bytes of one recording file, page-aligned.
//
// Files up to kLargestSnapshot are read into memory: what is analysed is then
// one moment of the file, whatever the job (or rm, or a full disk) does to it
// meanwhile. Larger ones are mapped read-only behind a SigbusGuard: they may
// change while they are read, so their users check what they take from them.
//
// Owns the memory. Const access is safe from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "report/sigbus_guard.h"

namespace datamon::report {

class FileBytes {
 public:
  static constexpr std::uint64_t kLargestSnapshot = std::uint64_t{128} << 20;

  // Throws RecordingError, naming the reason, if the file cannot be read.
  explicit FileBytes(const std::filesystem::path& path,
                     std::uint64_t largest_snapshot = kLargestSnapshot);
  ~FileBytes();
  FileBytes(FileBytes&&) noexcept;
  FileBytes& operator=(FileBytes&&) = delete;

  std::span<const std::byte> all() const { return {data_, bytes_}; }

  bool is_snapshot() const { return guard_ == nullptr; }

  // The file was cut while it was read; what was behind the cut reads as zero.
  bool shrank() const { return shrank_ || (guard_ && guard_->hit()); }

 private:
  void read_snapshot(int descriptor);
  void map(int descriptor);

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;   // of the file
  std::size_t mapped_ = 0;  // of the memory
  bool shrank_ = false;
  std::unique_ptr<SigbusGuard> guard_;
};

}  // namespace datamon::report
