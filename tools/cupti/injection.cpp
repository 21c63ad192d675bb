// The entry point that NVIDIA's driver calls when it starts in a process whose
// CUDA_INJECTION64_PATH names this library.
#include <atomic>

#include "datamon/monitor.h"
#include "session.h"

// 1: loaded. The driver goes on whatever comes back, and so does the job.
extern "C" __attribute__((visibility("default"))) int InitializeInjection(void) {
  static std::atomic<bool> called{false};
  if (datamon_active() && !called.exchange(true)) datamon::cupti::start_session();
  return 1;
}
