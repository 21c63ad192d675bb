// A small but complete job: worker threads read the files of a folder and count the bytes in each,
// the main loop takes the counts in batches and learns how many zeros a file has.
// The lines marked `datamon` are all it takes: MON=1 ./job FOLDER 2 && datamon report
#include <condition_variable>
#include <datamon/monitor.hpp>  // datamon
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using Sample = std::vector<double>;
using Batch = std::vector<Sample>;
constexpr std::size_t kBatch = 16, kPrefetch = 4;

std::mutex mutex;
std::condition_variable changed;
std::deque<Batch> ready;
unsigned running = 0;

Sample load(const std::filesystem::path& path) {
  datamon::Span fetch(datamon::fetch);  // datamon
  datamon::Span read(datamon::read);    // datamon
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  read.end();
  datamon::Span transform(datamon::transform);  // datamon
  Sample sample(256);
  for (const char byte : bytes) sample[static_cast<unsigned char>(byte)] += 1;
  return sample;
}

void work(unsigned worker, const std::vector<std::filesystem::path>& files, unsigned workers) {
  datamon::thread(DATAMON_ROLE_WORKER, worker);  // datamon
  for (std::size_t first = worker * kBatch; first < files.size(); first += workers * kBatch) {
    Batch batch;
    for (std::size_t i = first; i < first + kBatch && i < files.size(); ++i)
      batch.push_back(load(files[i]));
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return ready.size() < kPrefetch; });
    ready.push_back(std::move(batch));
    changed.notify_all();
  }
  const std::lock_guard lock(mutex);
  --running;
  changed.notify_all();
}

bool next(Batch& batch) {
  const datamon::Span wait(datamon::wait);  // datamon
  std::unique_lock lock(mutex);
  changed.wait(lock, [] { return !ready.empty() || running == 0; });
  if (ready.empty()) return false;
  batch = std::move(ready.front());
  ready.pop_front();
  changed.notify_all();
  return true;
}

int main(int argc, char** argv) {
  datamon::thread(DATAMON_ROLE_CONSUMER);  // datamon
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argc > 1 ? argv[1] : "."))
    if (entry.is_regular_file()) files.push_back(entry.path());
  running = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 2;
  std::vector<std::jthread> threads;
  for (unsigned i = 0, all = running; i < all; ++i)
    threads.emplace_back(work, i, std::cref(files), all);
  double zeros = 0, samples = 0;
  for (Batch batch; next(batch);) {
    const datamon::Span compute(datamon::compute);  // datamon
    for (const Sample& sample : batch) zeros += (sample[0] - zeros) / ++samples;
  }
  std::cout << samples << " files, " << zeros << " zero bytes in each\n";
}
