// CUPTI's C interface as far as it is used here: numbers, the leading fields of
// its records, and functions, which are looked up at run time. They have been the
// same from CUDA 9.2 to 13.0 (later records only have more behind them); a test
// compares them with the headers of a toolkit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace datamon::cupti::abi {

using Result = int;
inline constexpr Result kSuccess = 0;
inline constexpr Result kOldSubscriber = 39;  // CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED

// Versions whose records are known: CUDA 11.0 up to all of 13.
inline constexpr std::uint32_t kOldestVersion = 13;
inline constexpr std::uint32_t kFirstUnknownVersion = 140000;
// CUDA 12.9; earlier ones crash when they ask for a buffer and get none.
inline constexpr std::uint32_t kRefusableVersion = 27;

enum Kind : std::uint32_t {
  kMemcpy = 1,
  kMemset = 2,
  kKernel = 3,
  kDriverCall = 4,
  kRuntimeCall = 5,
  kConcurrentKernel = 10,
  kOverhead = 17,
  kPeerMemcpy = 22,
};

enum CopyKind : std::uint8_t {
  kHostToDevice = 1,
  kDeviceToHost = 2,
  kHostToArray = 3,
  kArrayToHost = 4,
  kHostToHost = 9,
  kPeerToPeer = 10,
};

enum MemoryKind : std::uint8_t { kPageable = 1, kPinned = 2 };

enum OverheadKind : std::uint32_t {
  kCompiling = 1,
  kModuleLoading = 4u << 16,
  kFunctionLoading = 5u << 16,
};
inline constexpr std::uint32_t kObjectThread = 2;

// Times are nanoseconds of cuptiGetTimestamp()'s clock, 0 where not known.
struct Record {
  std::uint32_t kind;
};

struct KernelRecord {
  std::uint32_t kind;
  std::uint8_t skipped0[12];
  std::uint64_t start, end, completed;
  std::uint32_t device, context, stream;
  std::uint8_t skipped1[40];
  std::uint32_t correlation;
  std::int64_t grid;
  const char* name;  // mangled; CUPTI's own, the same for all records of a kernel
};

struct CopyRecord {
  std::uint32_t kind;
  std::uint8_t copy_kind, source, destination, flags;
  std::uint64_t bytes, start, end;
  std::uint32_t device, context, stream, correlation;
};

struct PeerCopyRecord {
  std::uint32_t kind;
  std::uint8_t copy_kind, source, destination, flags;
  std::uint64_t bytes, start, end;
  std::uint32_t device, context, stream;
  std::uint8_t skipped[16];
  std::uint32_t correlation;
};

struct SetRecord {
  std::uint32_t kind, value;
  std::uint64_t bytes, start, end;
  std::uint32_t device, context, stream, correlation;
};

struct CallRecord {
  std::uint32_t kind, function;
  std::uint64_t start, end;
  std::uint32_t process, thread, correlation, result;
};

struct OverheadRecord {
  std::uint32_t kind, overhead_kind, object_kind, process, thread, skipped;
  std::uint64_t start, end;
};

static_assert(offsetof(KernelRecord, start) == 16 && offsetof(KernelRecord, device) == 40 &&
              offsetof(KernelRecord, correlation) == 92 && offsetof(KernelRecord, name) == 104);
static_assert(offsetof(CopyRecord, bytes) == 8 && offsetof(CopyRecord, correlation) == 44);
static_assert(offsetof(PeerCopyRecord, correlation) == 60);
static_assert(offsetof(SetRecord, correlation) == 44);
static_assert(offsetof(CallRecord, correlation) == 32);
static_assert(offsetof(OverheadRecord, thread) == 16 && offsetof(OverheadRecord, start) == 24);

struct SubscriberParameters {
  std::size_t bytes;
  const char* name;
  char* old_name;
  std::size_t old_name_bytes;
};
inline constexpr std::size_t kOldNameBytes = 64;

inline constexpr std::uint32_t kForced = 1;        // cuptiActivityFlushAll
inline constexpr std::uint32_t kSystemThread = 1;  // cuptiSetThreadIdType: gettid()

using Subscriber = struct SubscriberOfCupti*;
using Context = struct ContextOfCuda*;
using Callback = void (*)(void* data, std::uint32_t domain, std::uint32_t id, const void* call);
using BufferRequested = void (*)(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records);
using BufferCompleted = void (*)(Context context, std::uint32_t stream, std::uint8_t* buffer,
                                 std::size_t bytes, std::size_t valid_bytes);

struct Functions {
  Result (*register_callbacks)(BufferRequested, BufferCompleted);
  Result (*enable)(std::uint32_t kind);
  Result (*flush_all)(std::uint32_t flag);
  Result (*next_record)(std::uint8_t* buffer, std::size_t valid_bytes, Record** record);
  Result (*timestamp)(std::uint64_t* ns);
  Result (*version)(std::uint32_t*);
  Result (*subscribe)(Subscriber*, Callback, void* data);
  Result (*unsubscribe)(Subscriber);
  // nullptr where the version does not have it.
  Result (*subscribe_v2)(Subscriber*, Callback, void* data, SubscriberParameters*);
  Result (*result_string)(Result, const char**);
  Result (*dropped_records)(Context, std::uint32_t stream, std::size_t* records);
  Result (*thread_id_type)(std::uint32_t);
  Result (*enable_runtime_function)(std::uint32_t id, std::uint8_t enable);
  Result (*enable_driver_function)(std::uint32_t id, std::uint8_t enable);
};

}  // namespace datamon::cupti::abi
