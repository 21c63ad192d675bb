// The declarations of tools/cupti against CUPTI's own headers, and records made of
// CUPTI's own types, iterated by the real libcupti: neither needs a driver.
#include <cuda.h>
#include <cupti.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "abi.h"
#include "activity.h"
#include "calls.h"

namespace datamon::cupti {
namespace {

// What all versions of a record have in common with ours.
template <typename Theirs>
constexpr bool like_kernel() {
  using Ours = abi::KernelRecord;
  return offsetof(Theirs, start) == offsetof(Ours, start) &&
         offsetof(Theirs, end) == offsetof(Ours, end) &&
         offsetof(Theirs, completed) == offsetof(Ours, completed) &&
         offsetof(Theirs, deviceId) == offsetof(Ours, device) &&
         offsetof(Theirs, streamId) == offsetof(Ours, stream) &&
         offsetof(Theirs, correlationId) == offsetof(Ours, correlation) &&
         offsetof(Theirs, name) == offsetof(Ours, name) && sizeof(Theirs) >= sizeof(Ours);
}
static_assert(like_kernel<CUpti_ActivityKernel4>() && like_kernel<CUpti_ActivityKernel5>() &&
              like_kernel<CUpti_ActivityKernel6>() && like_kernel<CUpti_ActivityKernel7>() &&
              like_kernel<CUpti_ActivityKernel8>() && like_kernel<CUpti_ActivityKernel9>());

template <typename Theirs>
constexpr bool like_copy() {
  using Ours = abi::CopyRecord;
  return offsetof(Theirs, copyKind) == offsetof(Ours, copy_kind) &&
         offsetof(Theirs, srcKind) == offsetof(Ours, source) &&
         offsetof(Theirs, bytes) == offsetof(Ours, bytes) &&
         offsetof(Theirs, start) == offsetof(Ours, start) &&
         offsetof(Theirs, end) == offsetof(Ours, end) &&
         offsetof(Theirs, deviceId) == offsetof(Ours, device) &&
         offsetof(Theirs, streamId) == offsetof(Ours, stream) &&
         offsetof(Theirs, correlationId) == offsetof(Ours, correlation) &&
         sizeof(Theirs) >= sizeof(Ours);
}
static_assert(like_copy<CUpti_ActivityMemcpy3>() && like_copy<CUpti_ActivityMemcpy4>() &&
              like_copy<CUpti_ActivityMemcpy5>());

template <typename Theirs>
constexpr bool like_memset() {
  using Ours = abi::SetRecord;
  return offsetof(Theirs, bytes) == offsetof(Ours, bytes) &&
         offsetof(Theirs, start) == offsetof(Ours, start) &&
         offsetof(Theirs, deviceId) == offsetof(Ours, device) &&
         offsetof(Theirs, streamId) == offsetof(Ours, stream) &&
         offsetof(Theirs, correlationId) == offsetof(Ours, correlation);
}
static_assert(like_memset<CUpti_ActivityMemset2>() && like_memset<CUpti_ActivityMemset3>());

static_assert(offsetof(CUpti_ActivityMemcpyPtoP4, correlationId) ==
              offsetof(abi::PeerCopyRecord, correlation));
static_assert(offsetof(CUpti_ActivityAPI, threadId) == offsetof(abi::CallRecord, thread) &&
              offsetof(CUpti_ActivityAPI, correlationId) == offsetof(abi::CallRecord, correlation));
static_assert(offsetof(CUpti_ActivityOverhead, objectKind) ==
                  offsetof(abi::OverheadRecord, object_kind) &&
              offsetof(CUpti_ActivityOverhead, start) == offsetof(abi::OverheadRecord, start));
constexpr bool same(std::uint64_t ours, std::uint64_t theirs) { return ours == theirs; }
static_assert(same(abi::kConcurrentKernel, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) &&
              same(abi::kMemcpy, CUPTI_ACTIVITY_KIND_MEMCPY) &&
              same(abi::kPeerMemcpy, CUPTI_ACTIVITY_KIND_MEMCPY2) &&
              same(abi::kMemset, CUPTI_ACTIVITY_KIND_MEMSET) &&
              same(abi::kOverhead, CUPTI_ACTIVITY_KIND_OVERHEAD) &&
              same(abi::kRuntimeCall, CUPTI_ACTIVITY_KIND_RUNTIME) &&
              same(abi::kDriverCall, CUPTI_ACTIVITY_KIND_DRIVER) &&
              same(abi::kOldSubscriber, CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED) &&
              same(abi::kForced, CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) &&
              same(abi::kSystemThread, CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM) &&
              same(abi::kPinned, CUPTI_ACTIVITY_MEMORY_KIND_PINNED) &&
              same(abi::kPageable, CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE) &&
              same(abi::kObjectThread, CUPTI_ACTIVITY_OBJECT_THREAD) &&
              same(abi::kCompiling, CUPTI_ACTIVITY_OVERHEAD_DRIVER_COMPILER) &&
              same(abi::kModuleLoading, CUPTI_ACTIVITY_OVERHEAD_RUNTIME_TRIGGERED_MODULE_LOADING) &&
              same(abi::kFunctionLoading, CUPTI_ACTIVITY_OVERHEAD_LAZY_FUNCTION_LOADING));
#if CUPTI_API_VERSION >= 130000
static_assert(like_kernel<CUpti_ActivityKernel10>() && like_copy<CUpti_ActivityMemcpy6>() &&
              like_memset<CUpti_ActivityMemset4>());
static_assert(sizeof(CUpti_SubscriberParams) == sizeof(abi::SubscriberParameters) &&
              offsetof(CUpti_SubscriberParams, oldSubscriberName) ==
                  offsetof(abi::SubscriberParameters, old_name) &&
              CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN == abi::kOldNameBytes);
using LatestKernel = CUpti_ActivityKernel10;
using LatestCopy = CUpti_ActivityMemcpy6;
using LatestMemset = CUpti_ActivityMemset4;
using LatestOverhead = CUpti_ActivityOverhead3;
#else
using LatestKernel = CUpti_ActivityKernel9;
using LatestCopy = CUpti_ActivityMemcpy5;
using LatestMemset = CUpti_ActivityMemset4;
using LatestOverhead = CUpti_ActivityOverhead;
#endif

// The toolkit's library, or a skipped test.
class CuptiLibrary : public ::testing::Test {
 protected:
  void SetUp() override {
    handle_ = ::dlopen(CUPTI_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) GTEST_SKIP() << ::dlerror();
  }
  template <typename Function>
  Function function(const char* name) {
    auto found = reinterpret_cast<Function>(::dlsym(handle_, name));
    EXPECT_NE(found, nullptr) << name;
    return found;
  }
  void* handle_ = nullptr;
};

class ActivityBuffer {
 public:
  template <typename Record>
  void add(const Record& record) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(&record);
    bytes_.insert(bytes_.end(), from, from + sizeof record);
  }
  std::uint8_t* data() { return bytes_.data(); }  // aligned as operator new does
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

TEST_F(CuptiLibrary, ItsRecordsAreReadWhole) {
  ActivityBuffer buffer;
  CUpti_ActivityAPI launch{};
  launch.kind = CUPTI_ACTIVITY_KIND_RUNTIME;
  launch.cbid = CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000;
  launch.start = 1'000;
  launch.end = 1'100;
  launch.threadId = 77;
  launch.correlationId = 9;
  buffer.add(launch);
  LatestKernel kernel{};
  kernel.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  kernel.start = 2'000;
  kernel.end = 3'000;
  kernel.deviceId = 1;
  kernel.streamId = 13;
  kernel.correlationId = 9;
  kernel.name = "_Z6kernelv";
  buffer.add(kernel);
  LatestCopy copy{};
  copy.kind = CUPTI_ACTIVITY_KIND_MEMCPY;
  copy.copyKind = CUPTI_ACTIVITY_MEMCPY_KIND_HTOD;
  copy.srcKind = CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE;
  copy.dstKind = CUPTI_ACTIVITY_MEMORY_KIND_DEVICE;
  copy.bytes = 1 << 20;
  copy.start = 4'000;
  copy.end = 5'000;
  copy.streamId = 14;
  copy.correlationId = 10;
  buffer.add(copy);
  LatestMemset memset{};
  memset.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  memset.bytes = 512;
  memset.start = 6'000;
  memset.end = 6'001;
  buffer.add(memset);
  LatestOverhead overhead{};
  overhead.kind = CUPTI_ACTIVITY_KIND_OVERHEAD;
  overhead.overheadKind = CUPTI_ACTIVITY_OVERHEAD_DRIVER_COMPILER;
  overhead.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
  overhead.objectId.pt.threadId = 78;
  overhead.start = 7'000;
  overhead.end = 8'000;
  buffer.add(overhead);

  const auto next = function<decltype(&cuptiActivityGetNextRecord)>("cuptiActivityGetNextRecord");
  std::vector<Activity> seen;
  CUpti_Activity* record = nullptr;
  while (next(buffer.data(), buffer.size(), &record) == CUPTI_SUCCESS) {
    const auto left = static_cast<std::size_t>(buffer.data() + buffer.size() -
                                               reinterpret_cast<std::uint8_t*>(record));
    const auto activity = read_activity(reinterpret_cast<const abi::Record*>(record), left);
    ASSERT_TRUE(activity) << "kind " << record->kind;
    if (activity->what == What::kKernel) {
      EXPECT_STREQ(kernel_name(reinterpret_cast<const abi::Record*>(record), left), "_Z6kernelv");
    }
    seen.push_back(*activity);
  }
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen[0].what, What::kLaunch);
  EXPECT_EQ(seen[0].thread, 77u);
  EXPECT_EQ(seen[0].correlation, 9u);
  EXPECT_EQ(seen[1].what, What::kKernel);
  EXPECT_EQ(seen[1].device, 1u);
  EXPECT_EQ(seen[1].stream, 13u);
  EXPECT_EQ(seen[1].correlation, 9u);
  EXPECT_EQ(seen[1].start_ns, 2'000u);
  EXPECT_EQ(seen[1].end_ns, 3'000u);
  EXPECT_EQ(seen[2].what, What::kToDevicePageable);
  EXPECT_EQ(seen[2].bytes, 1u << 20);
  EXPECT_EQ(seen[2].stream, 14u);
  EXPECT_EQ(seen[2].correlation, 10u);
  EXPECT_EQ(seen[3].what, What::kMemset);
  EXPECT_EQ(seen[3].bytes, 512u);
  EXPECT_EQ(seen[4].what, What::kLoad);
  EXPECT_EQ(seen[4].thread, 78u);
  EXPECT_EQ(seen[4].end_ns, 8'000u);
}

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

// Gives work to a device or waits for one; without what the job does not call itself,
// copies on the host, and functions that were gone before CUDA 7.
bool is_to_be_recorded(const std::string& name) {
  if (has(name, "Capture") || has(name, "Attribute") || has(name, "HostFunc") ||
      has(name, "GraphAdd") || has(name, "Node") || has(name, "Graph") != has(name, "GraphLaunch"))
    return false;
  return has(name, "LaunchKernel") || has(name, "GraphLaunch") ||
         has(name, "LaunchCooperativeKernel_") || has(name, "Memcpy") || has(name, "Memset") ||
         has(name, "Synchronize");
}

TEST_F(CuptiLibrary, ItsFunctionsAreThoseOfTheTables) {
  const auto name_of = function<decltype(&cuptiGetCallbackName)>("cuptiGetCallbackName");
  for (const Api api : {Api::kRuntime, Api::kDriver}) {
    const auto domain =
        api == Api::kRuntime ? CUPTI_CB_DOMAIN_RUNTIME_API : CUPTI_CB_DOMAIN_DRIVER_API;
    for (std::uint32_t id = 1; id < 2'000; ++id) {
      const char* text = nullptr;
      if (name_of(domain, id, &text) != CUPTI_SUCCESS || text == nullptr) continue;
      const std::string name = text;
      bool recorded = false;
      for (const IdRange& range : recorded_calls(api))
        recorded = recorded || (id >= range.first && id <= range.last);
      if (recorded) {
        EXPECT_TRUE(has(name, "Launch") || has(name, "Memcpy") || has(name, "Memset") ||
                    has(name, "Synchronize"))
            << id << " " << name;
      } else if (api == Api::kRuntime) {
        EXPECT_FALSE(is_to_be_recorded(name)) << id << " " << name;
      }
      if (waits_for_device(api, id)) {
        EXPECT_TRUE(has(name, "Synchronize") || has(name, "Memcpy")) << id << " " << name;
        EXPECT_FALSE(has(name, "Async")) << id << " " << name;
      }
    }
  }
}

}  // namespace
}  // namespace datamon::cupti
