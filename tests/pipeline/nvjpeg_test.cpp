// nvJPEG absent, foreign and present; none of it needs a GPU. With DATAMON_NVJPEG_HEADER our
// declarations are compared with the library's own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <type_traits>

#include "pipeline/gpu/nvjpeg_api.h"

#if defined(DATAMON_NVJPEG_HEADER)
#include <nvjpeg.h>
#endif

namespace datamon::pipeline::gpu::nvjpeg {
namespace {

class Nvjpeg : public testing::Test {
 protected:
  ~Nvjpeg() override { unsetenv("DATAMON_NVJPEG"); }
  static Loaded load_from(const char* path) {
    setenv("DATAMON_NVJPEG", path, 1);
    return load();
  }
};

TEST_F(Nvjpeg, AbsentIsSaidInOneLineWithWhatToDo) {
  const Loaded loaded = load_from("/nowhere/libnvjpeg.so.13");
  EXPECT_FALSE(loaded.found);
  EXPECT_NE(loaded.error.find("nvJPEG is missing (/nowhere/libnvjpeg.so.13"), std::string::npos)
      << loaded.error;
  EXPECT_NE(loaded.error.find("--backend hybrid"), std::string::npos);
  EXPECT_EQ(loaded.error.find('\n'), std::string::npos);
  EXPECT_EQ(loaded.api.create, nullptr);
}

TEST_F(Nvjpeg, AnotherLibraryIsNotTakenForIt) {
  const Loaded loaded = load_from("libz.so.1");
  EXPECT_FALSE(loaded.found);
  EXPECT_NE(loaded.error.find("libz.so.1 has no nvjpegGetProperty"), std::string::npos)
      << loaded.error;
}

TEST_F(Nvjpeg, StatusesHaveNames) {
  EXPECT_STREQ(status_name(3), "NVJPEG_STATUS_BAD_JPEG");
  EXPECT_STREQ(status_name(99), "an unknown status");
}

#if defined(DATAMON_NVJPEG_LIBRARY)
TEST_F(Nvjpeg, TheRealOneHasAllThatIsNeeded) {
  const Loaded loaded = load_from(DATAMON_NVJPEG_LIBRARY);
  ASSERT_TRUE(loaded.found) << loaded.error;
  EXPECT_EQ(version(loaded.api).substr(0, 3), "13.");
  // Without a driver it refuses; with one it starts. Either way it does not crash.
  Handle handle = nullptr;
  const auto none = [](void*, void**, std::size_t, Stream) { return 1; };
  const auto nothing = [](void*, void*, std::size_t, Stream) { return 1; };
  DeviceAllocator allocator{none, nothing, nullptr};
  PinnedAllocator pinned{none, nothing, nullptr};
  const int status = loaded.api.create(kGpuHybrid, &allocator, &pinned, 0, &handle);
  if (status == kSuccess) {
    EXPECT_EQ(loaded.api.destroy(handle), kSuccess);
  } else {
    EXPECT_STRNE(status_name(status), "an unknown status");
  }
}
#endif

#if defined(DATAMON_NVJPEG_HEADER)
static_assert(sizeof(Image) == sizeof(nvjpegImage_t));
static_assert(offsetof(Image, pitch) == offsetof(nvjpegImage_t, pitch));
static_assert(kMaxComponents == NVJPEG_MAX_COMPONENT);
static_assert(sizeof(DeviceAllocator) == sizeof(nvjpegDevAllocatorV2_t));
static_assert(offsetof(DeviceAllocator, release) == offsetof(nvjpegDevAllocatorV2_t, dev_free));
static_assert(offsetof(DeviceAllocator, context) == offsetof(nvjpegDevAllocatorV2_t, dev_ctx));
static_assert(sizeof(PinnedAllocator) == sizeof(nvjpegPinnedAllocatorV2_t));
static_assert(int{kGpuHybrid} == NVJPEG_BACKEND_GPU_HYBRID);
static_assert(int{kHardware} == NVJPEG_BACKEND_HARDWARE);
static_assert(int{kRgbInterleaved} == NVJPEG_OUTPUT_RGBI);
static_assert(int{kChroma444} == NVJPEG_CSS_444);
static_assert(kUpsamplingWithInterpolation == (NVJPEG_FLAGS_UPSAMPLING_WITH_INTERPOLATION));
static_assert(NVJPEG_STATUS_SUCCESS == kSuccess && NVJPEG_STATUS_INCOMPLETE_BITSTREAM == 10);

// A function and our type of it: as many parameters, each of the same size.
template <typename Ours, typename Theirs>
struct SameShape : std::false_type {};
template <typename R1, typename... A, typename R2, typename... B>
struct SameShape<R1 (*)(A...), R2 (*)(B...)>
    : std::bool_constant<sizeof...(A) == sizeof...(B) && sizeof(R1) == sizeof(R2)> {
  static_assert((... && (sizeof(A) == sizeof(B))));
};
#define SAME(member, function) \
  static_assert(SameShape<decltype(Api::member), decltype(&function)>())
SAME(get_property, nvjpegGetProperty);
SAME(create, nvjpegCreateExV2);
SAME(destroy, nvjpegDestroy);
SAME(hardware_info, nvjpegGetHardwareDecoderInfo);
SAME(state_create, nvjpegJpegStateCreate);
SAME(state_destroy, nvjpegJpegStateDestroy);
SAME(stream_create, nvjpegJpegStreamCreate);
SAME(stream_destroy, nvjpegJpegStreamDestroy);
SAME(parse_header, nvjpegJpegStreamParseHeader);
SAME(batched_supported, nvjpegDecodeBatchedSupported);
SAME(batched_initialize, nvjpegDecodeBatchedInitialize);
SAME(batched_preallocate, nvjpegDecodeBatchedPreAllocate);
SAME(batched_decode, nvjpegDecodeBatched);
#undef SAME
#endif

}  // namespace
}  // namespace datamon::pipeline::gpu::nvjpeg
