// The sampler's thread: what it reads, how often, and how it is stopped.
#pragma once

#include <atomic>
#include <cstdint>

#include "monitor/sampler.h"
#include "monitor/sampler_lock.h"

namespace datamon::monitor {

// Shared between the thread and those who start and stop it; outlives both.
struct SamplerControl {
  std::atomic<std::uint32_t> stop{0};       // futex: 1 asks the thread to end
  std::atomic<std::uint32_t> running{0};    // futex: 1 from start to the thread's last act
  std::atomic<std::uint32_t> in_loader{0};  // futex: 1 while a library is being loaded
  std::atomic<std::uint32_t> in_files{0};   // futex: 1 while files are opened and closed
  std::atomic<std::uint32_t> forks{0};      // futex: forks under way, which the thread lets pass
  std::atomic<bool> failed{false};          // no space, or the lock was lost
  std::atomic<std::uint64_t> cpu_ns{0};     // of all threads of this process so far
  std::atomic<void*> memory{nullptr};       // the thread's, for the child of a fork
  SamplerLock lock;                         // held while running
};

// Starts the thread, which then owns control.lock until `running` is 0 again.
// False: there is no thread, and the lock was released.
bool start_sampler_thread(SamplerControl& control, const SamplerOptions& options);

// Around a fork. What the thread has open only for a moment would be inherited
// and never closed in the child, so the fork waits for such a moment to pass and
// the thread does not begin one meanwhile. Neither waits for longer than a second.
void begin_fork(SamplerControl& control);
void wait_for_sampler_files(SamplerControl& control);
void end_fork(SamplerControl& control);  // in the parent

// In the child of a fork, where the thread does not exist: closes what it had
// open. Async-signal-safe.
void abandon_sampler_thread(SamplerControl& control);

// Waits until `word` is no longer `value`, at most `timeout_ns`.
void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value, std::uint64_t timeout_ns);
void wake_all(std::atomic<std::uint32_t>& word);

std::uint64_t monotonic_ns();

}  // namespace datamon::monitor
