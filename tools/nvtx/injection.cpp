// The entry points that NVTX calls. NVTX is in the headers of each shared object
// that uses it, so each initialises for itself, at its first NVTX call.
#include <nvtx3/nvToolsExt.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "callbacks.h"
#include "chain.h"
#include "datamon/monitor.h"
#include "injection/say.h"
#include "payload_ranges.h"
#include "ranges.h"
#include "rules.h"

namespace datamon::nvtx {
namespace {

enum State : int { kFresh, kStarting, kReady };
std::atomic<int> g_state{kFresh};
std::atomic<long> g_starter{0};

void read_rules() {
  const char* rules = ::secure_getenv(kRulesVariable);
  if (rules == nullptr || load_rules(rules)) return;
  injection::say("datamon: %s: what is not PATTERN=STAGE;PATTERN=STAGE... is left out",
                 kRulesVariable);
}

// False: this thread is starting it already (the chained tool uses NVTX itself).
bool start_once(NvtxGetExportTableFunc_t table) {
  const long self = ::syscall(SYS_gettid);
  int fresh = kFresh;
  if (g_state.compare_exchange_strong(fresh, kStarting, std::memory_order_acq_rel)) {
    g_starter.store(self, std::memory_order_relaxed);
    open_chain();
    if (datamon_active()) {
      read_rules();
      watch_forks();
      start_chain(table);
    }
    g_state.store(kReady, std::memory_order_release);
    return true;
  }
  while (g_state.load(std::memory_order_acquire) != kReady) {
    if (g_starter.load(std::memory_order_relaxed) == self) return false;
    ::sched_yield();
  }
  return true;
}

}  // namespace
}  // namespace datamon::nvtx

#define EXPORTED extern "C" __attribute__((visibility("default")))

// 0: this shared object's NVTX calls do nothing.
EXPORTED int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t table) {
  using namespace datamon::nvtx;
  const int saved_errno = errno;
  int done = 0;
  if (table != nullptr && start_once(table)) {
    if (datamon_active())
      done = install(table);
    else if (chain_entry() != nullptr)
      done = chain_entry()(table);  // not recording: as if this library were not there
  }
  errno = saved_errno;
  return done;
}

// NVTX's extensions (structured payloads, counters, memory) are the chained
// tool's, but for ranges. Without a tool this succeeds all the same: NVTX would
// take a failure for a switched-off tool, and Python's nvtx then makes no ranges.
EXPORTED int InitializeInjectionNvtxExtension(nvtxExtModuleInfo_t* module) {
  using namespace datamon::nvtx;
  const int done = chain_entry() != nullptr ? start_chain_extension(module) : 0;
  if (!datamon_active()) return done;
  if (module != nullptr) install_payload_ranges(*module);
  return 1;
}
