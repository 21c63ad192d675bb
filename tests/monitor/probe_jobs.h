// Jobs of monitor_job for experiments.
#pragma once

namespace datamon::test {

// A loop that waits and computes for so many seconds, and a forked worker that reads
// asleep and transforms on the CPU, in nested spans of one class.
int probed(long seconds);

}  // namespace datamon::test
