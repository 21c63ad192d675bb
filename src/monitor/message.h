// The few lines that the monitor may print: why it does not record, and once
// that it ran out of space. Written with one write(2), without stdio's locks, so
// that it works in a forked child. Keeps errno.
#pragma once

namespace datamon::monitor {

__attribute__((format(printf, 1, 2))) void say(const char* format, ...);

}  // namespace datamon::monitor
