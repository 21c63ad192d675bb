// Once warm, an image costs no allocation: malloc itself is counted, libjpeg's calls included.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "ops_images.h"
#include "pipeline/ops/crop.h"
#include "pipeline/ops/jpeg_decoder.h"
#include "pipeline/ops/transform.h"

namespace {
std::atomic<long> g_allocations{0};
}

// glibc's own functions behind the ones counted here.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++g_allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++g_allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++g_allocations;
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++g_allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++g_allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  ++g_allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? 12 : 0;
}
}

namespace datamon::pipeline::test {
namespace {

class Pass {
 public:
  void run(const std::vector<std::vector<std::byte>>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      Random random = Random::for_item(1, 0, i);
      const auto info = decoder_.open(files[i]);
      ASSERT_TRUE(info);
      const auto view = decoder_.decode(random_resized_crop(info->width, info->height, random));
      ASSERT_TRUE(view);
      transform_.apply(*view, random_flip(random), SampleFormat::float32_nchw, slot_.data());
    }
  }

 private:
  JpegDecoder decoder_;
  SampleTransform transform_{224, 224};
  std::vector<float> slot_ = std::vector<float>(224 * 224 * 3);
};

TEST(Allocation, NoneOnceWarm) {
  std::vector<std::vector<std::byte>> files;
  for (const JpegWay& kind : all_jpeg_kinds()) {
    files.push_back(encode(kind, 200, 150, 1));
  }
  Pass pass;
  const long before_first = g_allocations;
  pass.run(files);
  EXPECT_GT(g_allocations - before_first, 0) << "the counter counts";
  pass.run(files);
  const long before = g_allocations;
  pass.run(files);
  EXPECT_EQ(g_allocations - before, 0);
}

}  // namespace
}  // namespace datamon::pipeline::test
