// Ranges as spans. Push/pop ranges nest as the thread's spans; each domain has a
// stack of its own in NVTX, the thread's spans are one: where the ranges of two
// domains overlap without nesting, the inner one ends with the outer. Start/end
// ranges, which any thread may end, are recorded as intervals.
//
// Thread-safe, without locks. Allocates once a thread. Nothing is fatal: a pop
// without a push, an id that was never started, too many open ranges are left
// out. In a forked child the parent's ranges are gone.
#pragma once

#include <cstdint>

#include "datamon/monitor.h"

namespace datamon::nvtx {

// Called once, before the others: ranges must not be taken over by a child.
void watch_forks();

// Opens a range of the calling thread; its level in the domain, from 0.
// DATAMON_NO_STAGE keeps the place without a span.
int push(std::uint64_t domain, datamon_stage stage);

// Closes the domain's innermost range of the calling thread; its level, or -1 if
// none is open.
int pop(std::uint64_t domain);

// Begins a range under `id`, or under one that it makes up where that is 0: the
// id to end it with.
std::uint64_t start(std::uint64_t id, datamon_stage stage);

// True if `id` was made up by start().
bool is_made_up(std::uint64_t id);

void end(std::uint64_t id);

}  // namespace datamon::nvtx
