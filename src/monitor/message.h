// The few lines that the monitor may print: why it does not record, and once
// that it ran out of space. Written with one write(2), without stdio's locks, so
// that it works in a forked child. Keeps errno.
//
// Once the monitor has started, only where standard error still is what it was
// then: a descriptor 2 that the job has opened since may be its data.
#pragma once

namespace datamon::monitor {

__attribute__((format(printf, 1, 2))) void say(const char* format, ...);

// The monitor starts: not thread-safe.
void note_standard_error();

}  // namespace datamon::monitor
