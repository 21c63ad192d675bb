// Talks to CUPTI: what is recorded of the job's device work, from the driver's start
// to the process's end. One a process.
//
// A thread of its own fetches CUPTI's records four times a second, turns them into
// spans and reads both clocks. At exit() it fetches the rest; the job waits for that,
// but not longer than kMostAtExit_s. A forked child does nothing: neither CUDA nor
// CUPTI works there, and fetching would hang.
#pragma once

namespace datamon::cupti {

inline constexpr int kMostAtExit_s = 5;

// Call once, in the process that uses CUDA, while its driver starts. False: nothing
// is recorded, and a line said why.
bool start_session();

}  // namespace datamon::cupti
