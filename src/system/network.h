// /proc/net/dev, added up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

// Since boot.
struct NetworkStat {
  std::uint64_t receive_bytes = 0;
  std::uint64_t send_bytes = 0;
};

// Adds up the interfaces chosen at construction: those of hardware where there
// are any (bonds, bridges and VLANs would count the same bytes again), else (in
// a container) all but loopback. Not thread-safe.
class NetworkReader {
 public:
  NetworkReader(std::string_view root, Scratch& scratch);
  std::optional<NetworkStat> read(Scratch& scratch) const;

 private:
  bool counts(std::string_view name) const;

  static constexpr std::size_t kMaxHardware = 32;
  static constexpr std::size_t kNameBytes = 16;  // IFNAMSIZ
  struct Name {
    std::array<char, kNameBytes> text{};
    std::string_view view() const { return text.data(); }
  };
  ProcFile file_;
  std::array<Name, kMaxHardware> hardware_;
  std::size_t hardware_count_ = 0;
};

}  // namespace datamon::system
