// The processes of the recording on this host, and what each has used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/recording_format.h"
#include "system/proc_file.h"

namespace datamon::monitor {

// Finds processes by the headers of the `.mon` files in the recording, so it
// needs no connection to them. Large (some 170 KiB): not for
// the stack. Allocates nothing. Not thread-safe.
class ProcessTable {
 public:
  static constexpr std::size_t kMaxLive = 512;  // further ones are left out

  ProcessTable(const char* directory, const char* host, const char* root);

  // Looks for new files; almost free while the folder does not change.
  void scan(std::uint64_t now_ns, system::Scratch& scratch);

  // Reads all live processes at time `ticks`; the result is valid until the
  // next call. A process that ended is read a last time while it is a zombie
  // and forgotten then; its number, used again by another, is not mistaken.
  const format::ProcessSample* sample(std::uint64_t ticks, system::Scratch& scratch);
  std::size_t sampled() const { return sampled_; }

 private:
  struct Live {
    std::uint32_t pid;
    std::uint64_t start;  // field 22 of /proc/PID/stat; 0: unknown
  };
  enum class Look { kNew, kKnown, kUnfinished };

  bool folder_changed(int folder, std::uint64_t now_ns);
  void read_folder(int folder, system::Scratch& scratch);
  Look look_at(int folder, const char* name);
  bool read_process(const Live& process, std::uint64_t ticks, format::ProcessSample& sample,
                    system::Scratch& scratch) const;

  static constexpr std::size_t kMaxFiles = 16384;  // a power of two; further ones are left out
  const char* directory_;
  std::string_view host_;
  std::string_view root_;
  std::array<Live, kMaxLive> live_{};
  std::size_t live_count_ = 0;
  std::array<format::ProcessSample, kMaxLive> samples_{};
  std::size_t sampled_ = 0;
  std::array<std::uint64_t, kMaxFiles> known_{};  // hashes of names, open addressing; 0: free
  std::size_t known_count_ = 0;
  std::int64_t changed_ns_ = -1;  // the folder's time of change at the latest look
  std::uint64_t looked_ns_ = 0;   // when that was
  bool unfinished_ = false;       // some header was not written yet
};

}  // namespace datamon::monitor
