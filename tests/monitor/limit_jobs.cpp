#include "limit_jobs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "job_items.h"

namespace datamon::test {

// Few descriptors, and more threads than those: each has its readings taken.
// Prints how many descriptors are open while all threads live.
int few_descriptors(long threads) {
  const rlimit limit{256, 256};
  setrlimit(RLIMIT_NOFILE, &limit);
  pthread_barrier_t all;
  pthread_barrier_init(&all, nullptr, static_cast<unsigned>(threads) + 1);
  std::vector<std::thread> workers;
  for (long i = 0; i < threads; ++i)
    workers.emplace_back([&all] {
      for (int n = 0; n < 20; ++n) {
        datamon::Span decode(datamon::decode);
        usleep(10);
      }
      pthread_barrier_wait(&all);
      pthread_barrier_wait(&all);
    });
  pthread_barrier_wait(&all);
  long open_now = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    open_now += entry.exists();
  pthread_barrier_wait(&all);
  for (std::thread& worker : workers) worker.join();
  std::printf("%ld\n", open_now);
  return 0;
}

// What daemons do: all descriptors away, files of their own in their place.
int close_descriptors(long count) {
  items(10);
  closefrom(3);
  const std::string path = std::string(std::getenv("JOB_FOLDER")) + "/own";
  std::vector<int> own;
  for (int i = 0; i < 300; ++i)
    own.push_back(open((path + std::to_string(i)).c_str(), O_CREAT | O_RDWR, 0600));
  items(count);
  std::thread([count] { items(count); }).join();
  const pid_t child = fork();
  if (child == 0) {
    items(count);
    for (const int fd : own)
      if (fcntl(fd, F_GETFD) < 0) _exit(3);
    _exit(0);
  }
  if (const int status = wait_for(child)) return status;
  for (const int fd : own) {
    struct stat status {};
    if (fstat(fd, &status) != 0 || status.st_size != 0) return 2;
  }
  return 0;
}

int remove_recording(long count) {
  items(10);
  std::filesystem::remove_all(std::getenv("MON_DIR"));
  items(count);
  const pid_t child = fork();
  if (child == 0) {
    items(10);
    _exit(0);
  }
  return wait_for(child);
}

namespace {

long address_space_pages() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld", &pages) != 1) pages = -1;
  if (file != nullptr) std::fclose(file);
  return pages;
}

}  // namespace

// The thread has no track and comes for one at each span; this one needs a new block.
int remove_before_thread(long count) {
  items(10);
  std::filesystem::remove_all(std::getenv("MON_DIR"));
  const long before = address_space_pages();
  std::thread([count] { items(count); }).join();
  items(count);
  const long mib = (address_space_pages() - before) * sysconf(_SC_PAGESIZE) >> 20;
  if (before < 0 || mib > 128) std::printf("%ld MiB more\n", mib);
  return 0;
}

int small_files(long count) {
  const rlimit limit{512 * 1024, 512 * 1024};
  setrlimit(RLIMIT_FSIZE, &limit);
  items(count);
  return 0;
}

// Descriptor 2 is a file of the job's own when the recording can grow no more.
int own_file_at_2(long count) {
  const std::string path = std::string(std::getenv("JOB_FOLDER")) + "/own";
  close(2);
  if (open(path.c_str(), O_CREAT | O_RDWR, 0600) != 2) return 1;
  const rlimit none{3, 3};  // the recording cannot be opened again
  setrlimit(RLIMIT_NOFILE, &none);
  items(count);
  return std::filesystem::file_size(path) == 0 ? 0 : 2;
}

// As above, with the job's own standard error.
int cannot_grow(long count) {
  const rlimit none{3, 3};
  setrlimit(RLIMIT_NOFILE, &none);
  items(count);
  return 0;
}

}  // namespace datamon::test
