// The sampler's thread allocates nothing, not even at its start: the job's
// allocator is its own. Counted by replacing malloc in this program; sanitizers
// replace it themselves, so this test is not part of their builds.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "monitor/sampler.h"
#include "test_recording.h"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
}

namespace {

std::atomic<long> test_thread{0};
std::atomic<int> foreign_allocations{0};

void count() {
  const long watched = test_thread.load();
  if (watched != 0 && ::syscall(SYS_gettid) != watched) ++foreign_allocations;
}

}  // namespace

extern "C" void* malloc(std::size_t bytes) {
  count();
  return __libc_malloc(bytes);
}
extern "C" void* calloc(std::size_t count_of, std::size_t bytes) {
  count();
  return __libc_calloc(count_of, bytes);
}
extern "C" void* realloc(void* old, std::size_t bytes) {
  count();
  return __libc_realloc(old, bytes);
}

namespace datamon {
namespace {

// The test's own note() allocates; a recording's does not.
class QuietFile final : public monitor::BlockSource {
 public:
  explicit QuietFile(test::RecordingFile& file) : file_(file) {}
  format::BlockHeader* allocate(format::BlockType type, std::uint32_t bytes) override {
    return file_.allocate(type, bytes);
  }
  void publish(format::BlockHeader* block) override { file_.publish(block); }
  void note(std::string_view, std::string_view) override { ++notes; }
  std::atomic<int> notes{0};

 private:
  test::RecordingFile& file_;
};

TEST(Sampler, AllocatesNothing) {
  const test::TemporaryFolder folder;
  test::RecordingFile file(folder.path(), "host");
  QuietFile quiet(file);
  monitor::SamplerOptions options;
  const std::string directory = folder.path();
  options.directory = directory.c_str();
  options.host = "host";
  options.blocks = &quiet;
  options.header = file.header();
  options.ticks = test::ticks;
  options.budget_ppm = 1'000'000;
  options.fast_interval_ns = 1'000'000;
  options.sample_block_bytes = 64 * 1024;  // is thinned several times
  test_thread = ::syscall(SYS_gettid);
  ASSERT_EQ(monitor::sampler_start(options), monitor::SamplerState::kSampling);
  // Until the rows were thinned several times, and the processes read again.
  std::size_t rows = 0;
  int thinned = 0;
  EXPECT_TRUE(test::eventually([&] {
    const auto files = test::read_sampler_files(folder.path());
    if (files.empty()) return false;
    thinned += files.front().rows.size() < rows;
    rows = files.front().rows.size();
    return thinned >= 3 && rows > 50 && files.front().processes.size() >= 2;
  }));
  EXPECT_TRUE(test::eventually([] { return monitor::sampler_stop(); }));
  test_thread = 0;
  EXPECT_EQ(foreign_allocations.load(), 0);
  EXPECT_GT(quiet.notes.load(), 0);
  const auto files = test::read_sampler_files(folder.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_GT(files.front().rows.size(), 50u);
  EXPECT_GE(files.front().processes.size(), 2u);
}

}  // namespace
}  // namespace datamon
