// A loader that runs for long holds no more memory than at its start: once warm, not one
// allocation.
#include "pipeline/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "dataset.h"
#include "go_on.h"
#include "pipeline/loader.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DATAMON_OWN_MALLOC 0  // the sanitizer's own replaces malloc already
#else
#define DATAMON_OWN_MALLOC 1
#endif

namespace {
std::atomic<std::uint64_t> allocations{0};
std::uint64_t allocation_count() { return allocations.load(); }
}  // namespace

#if DATAMON_OWN_MALLOC

// Every allocation of the process, operator new included, passes here.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void* malloc(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}
}
#endif

namespace datamon::pipeline::test {
namespace {

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (std::fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class Memory : public testing::TestWithParam<int> {};

TEST_P(Memory, IsFlatAndNothingIsAllocatedOnceWarm) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 20);
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.size = 32;
  options.batch = 5;
  options.workers = GetParam();
  options.steps = 1700;
  Loader loader(*source, options, kGoOn);
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(loader.next());  // meets the largest crops
  const std::size_t resident = resident_bytes();
  int stretches_without = 0;
  for (int stretch = 0; stretch < 10; ++stretch) {
    const std::uint64_t before = allocation_count();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(loader.next());
    stretches_without += allocation_count() == before;
  }
  EXPECT_GE(stretches_without, 7);  // 500 images each: anything regular would be in all of them
  EXPECT_LT(resident_bytes(), resident + (4u << 20));
}

INSTANTIATE_TEST_SUITE_P(Workers, Memory, testing::Values(0, 1, 2));

TEST(MemoryPlan, IsWhatIsHeld) {
  PipelineOptions options;
  options.workers = 3;
  options.prefetch = 2;
  const LoaderMemory memory = memory_for(options);
  EXPECT_EQ(memory.batches, 7u);
  EXPECT_GE(memory.batch, 64u * 3 * 224 * 224 * 4);
  EXPECT_LT(memory.batch, 64u * 3 * 224 * 224 * 4 + 64 * 1024);
  EXPECT_EQ(memory.total, 7 * memory.batch);
}

TEST(MemoryPlan, SaysTheLargestBatchThatFits) {
  PipelineOptions options;
  options.workers = 2;
  const int fits = largest_batch(options, 1u << 30);
  options.batch = fits;
  EXPECT_LE(memory_for(options).total, 1u << 30);
  options.batch = fits + 1;
  EXPECT_GT(memory_for(options).total, 1u << 30);
  EXPECT_EQ(largest_batch(options, 1000), 0);
  EXPECT_GT(usable_memory(), 100u << 20);
}

}  // namespace
}  // namespace datamon::pipeline::test
