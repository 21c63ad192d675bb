// What the hot path leaves to others: a thread's first span, a new window, a full
// block, readings of the CPU, experiments, refusals, slow items. Each may be
// called from a signal handler, and then does nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "datamon/monitor.h"
#include "monitor/booking.h"

namespace datamon::monitor {

#define DATAMON_COLD __attribute__((noinline, cold))

// A place for a span of the stage; not found if this thread may not (a signal
// handler) or cannot.
DATAMON_COLD Place prepare_place(Track& track, std::uint64_t stage);

// Considers the span that was just appended for the slowest items.
//
// An item is a span that prepares samples and is not part of a longer one that
// does: nested reading and decoding are its parts.
DATAMON_COLD void consider_slow(Track& track, std::uint64_t bytes, const char* name,
                                std::size_t name_bytes);

// Every begin that is not the plain one: a thread's or a forked child's first,
// readings, refusals.
DATAMON_COLD std::uint64_t begin_slowly(datamon_stage stage);

// Every end that is not the plain one: a new window, readings, inner spans left
// open, a handle that is not open, a forked child. `now`: read at its call.
DATAMON_COLD void end_slowly(std::uint64_t handle, std::uint64_t now, std::uint64_t id,
                             std::uint64_t bytes, const char* name, std::size_t name_bytes);

#undef DATAMON_COLD

}  // namespace datamon::monitor
