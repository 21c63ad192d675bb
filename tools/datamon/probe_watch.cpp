#include "probe_watch.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <mutex>
#include <utility>

#include "report/probe/sensitivity.h"
#include "report/recording.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kBetweenLooks = std::chrono::seconds(1);

std::uint64_t monotonic_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(t.tv_nsec);
}

// Another host's clock is another one.
bool is_of_this_host(const format::ProbeHeader& header) {
  std::string boot_id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot_id;
  return boot_id.compare(0, std::string::npos, header.boot_id,
                         strnlen(header.boot_id, sizeof header.boot_id)) == 0;
}

// The job has the file mapped: one store of eight bytes that it looks at.
void end(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return;
  const std::uint64_t now = monotonic_ns();
  [[maybe_unused]] const auto written =
      pwrite(descriptor, &now, sizeof now, offsetof(format::ProbeHeader, stop_ns));
  close(descriptor);
}

// True once there is nothing more to wait for.
bool look(const fs::path& recording) {
  for (const fs::path& file : report::probe_files(recording)) {
    report::ProbeRecord record = report::read_probe(file);
    if (!record.begun()) return false;
    if (!is_of_this_host(record.header) || record.header.stop_ns != 0) return true;
    if (!report::has_found_enough(std::move(record))) return false;
    end(file);
    return true;
  }
  return false;
}

void watch(const std::stop_token& stop, const fs::path& recording) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, kBetweenLooks, [] { return false; }) &&
         !stop.stop_requested()) {
    try {
      if (look(recording)) return;
    } catch (const std::exception&) {
      return;  // the report says what is wrong with the file
    }
  }
}

}  // namespace

ProbeWatch::ProbeWatch(fs::path recording) {
  // Signals are for the thread that runs the job.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread(
      [recording = std::move(recording)](const std::stop_token& stop) { watch(stop, recording); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace datamon::cli
