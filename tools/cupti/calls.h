// Which functions of CUDA are recorded: those that give work to a device, and
// those in which the calling thread waits for one. By the ids of CUPTI, which
// never change; later versions only add some.
//
// Pure.
#pragma once

#include <cstdint>
#include <span>

namespace datamon::cupti {

// Ids from `first` to `last`.
struct IdRange {
  std::uint16_t first, last;
};

enum class Api : std::uint8_t { kRuntime, kDriver };

// All that are recorded.
std::span<const IdRange> recorded_calls(Api api);

// The thread waits in it for what the device has been given.
bool waits_for_device(Api api, std::uint32_t id);

}  // namespace datamon::cupti
