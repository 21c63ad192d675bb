// The NVTX domains of the job, by name: several shared objects, and a tool that
// is chained, may have several handles for one.
//
// Thread-safe, without locks; never allocates.
#pragma once

#include <cstdint>
#include <string_view>

namespace datamon::nvtx {

// The monitor's own ranges (MON_NVTX=1) are in this one; it is never recorded.
inline constexpr std::string_view kOwnDomain = "datamon";

struct Domain {
  std::uint64_t seed = 0;  // 0: the default domain
  bool ignored = false;
  unsigned char bytes = 0;
  char name[64] = {};

  std::string_view view() const { return {name, bytes}; }
};

// The domain that a handle stands for; the default one for 0 and unknown ones.
const Domain& domain_of(std::uint64_t handle);

// Keeps what `handle` stands for. A handle of 0 asks for one of our own, which
// is returned; it is the same whenever the name is. Of the names the first few
// hundred are told apart.
std::uint64_t add_domain(std::uint64_t handle, std::string_view name);

// The handle may be used for another domain.
void forget_domain(std::uint64_t handle);

}  // namespace datamon::nvtx
