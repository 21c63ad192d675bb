// Numbers for the names of kernels, from 1 on in the order of appearance: a span has
// room for a number. Names are told apart by content, so it does not matter whether
// CUPTI gives out an address again.
//
// Used by one thread. Never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace datamon::cupti {

class KernelNames {
 public:
  // Together at most half of what the notes of a recording may be (1 MiB).
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostBytes = 480;  // of a name; what is behind does not count
  static constexpr std::uint32_t kOther = 0xffff;

  struct Found {
    std::uint32_t number = 0;  // 0: no name; kOther: there are too many
    bool is_new = false;
    std::string_view name;  // into what was asked for, cut
  };
  // `name`: NUL-terminated, or nullptr.
  Found find(const char* name);

 private:
  struct Slot {
    std::uint64_t hash;
    std::uint32_t number;  // 0: free
  };

  std::array<Slot, 2 * kMost> slots_{};
  std::uint32_t count_ = 0;
};

}  // namespace datamon::cupti
