#include "activity.h"

#include <cstring>

#include "calls.h"

namespace datamon::cupti {
namespace {

// The record's leading fields, if so many are there. Copied: a buffer's records
// are aligned, but nothing says that they are of the type that they claim.
template <typename Fields>
bool take(const abi::Record* record, std::size_t bytes, Fields& fields) {
  if (bytes < sizeof fields) return false;
  std::memcpy(&fields, record, sizeof fields);
  return true;
}

std::optional<What> direction(const abi::CopyRecord& copy) {
  switch (copy.copy_kind) {
    case abi::kHostToDevice:
    case abi::kHostToArray:
      if (copy.source == abi::kPinned) return What::kToDevicePinned;
      if (copy.source == abi::kPageable) return What::kToDevicePageable;
      return What::kToDevice;
    case abi::kDeviceToHost:
    case abi::kArrayToHost:
      return What::kToHost;
    case abi::kHostToHost:
      return std::nullopt;  // no device has a part in it
    default:
      return What::kCopyWithin;
  }
}

// Device work with these fields, if it has ended.
template <typename Fields>
std::optional<Activity> device_work(What what, const Fields& fields, std::uint64_t bytes) {
  if (fields.start == 0 || fields.end < fields.start) return std::nullopt;
  return Activity{what,         fields.device, fields.stream, 0, fields.correlation,
                  fields.start, fields.end,    bytes,         0};
}

std::optional<Activity> kernel(const abi::Record* record, std::size_t bytes) {
  abi::KernelRecord fields;
  if (!take(record, bytes, fields)) return std::nullopt;
  return device_work(What::kKernel, fields, 0);
}

std::optional<Activity> copy(const abi::Record* record, std::size_t bytes) {
  abi::CopyRecord fields;
  if (!take(record, bytes, fields)) return std::nullopt;
  const std::optional<What> what = direction(fields);
  return what ? device_work(*what, fields, fields.bytes) : std::nullopt;
}

std::optional<Activity> peer_copy(const abi::Record* record, std::size_t bytes) {
  abi::PeerCopyRecord fields;
  if (!take(record, bytes, fields)) return std::nullopt;
  return device_work(What::kCopyWithin, fields, fields.bytes);
}

std::optional<Activity> memset_work(const abi::Record* record, std::size_t bytes) {
  abi::SetRecord fields;
  if (!take(record, bytes, fields)) return std::nullopt;
  return device_work(What::kMemset, fields, fields.bytes);
}

std::optional<Activity> call(Api api, const abi::Record* record, std::size_t bytes) {
  abi::CallRecord fields;
  if (!take(record, bytes, fields) || fields.start == 0 || fields.end < fields.start)
    return std::nullopt;
  Activity activity;
  activity.what = waits_for_device(api, fields.function) ? What::kWait : What::kLaunch;
  activity.thread = fields.thread;
  activity.correlation = fields.correlation;
  activity.start_ns = fields.start;
  activity.end_ns = fields.end;
  return activity;
}

std::optional<Activity> overhead(const abi::Record* record, std::size_t bytes) {
  abi::OverheadRecord fields;
  if (!take(record, bytes, fields) || fields.start == 0 || fields.end < fields.start)
    return std::nullopt;
  Activity activity;
  const bool loads = fields.overhead_kind == abi::kCompiling ||
                     fields.overhead_kind == abi::kModuleLoading ||
                     fields.overhead_kind == abi::kFunctionLoading;
  activity.what = loads ? What::kLoad : What::kOverhead;
  activity.thread = fields.object_kind == abi::kObjectThread ? fields.thread : 0;
  activity.start_ns = fields.start;
  activity.end_ns = fields.end;
  return activity;
}

}  // namespace

const char* kernel_name(const abi::Record* record, std::size_t bytes) {
  abi::KernelRecord fields;
  if (!take(record, bytes, fields)) return nullptr;
  return fields.name;
}

std::optional<Activity> read_activity(const abi::Record* record, std::size_t bytes) {
  abi::Record head;
  if (record == nullptr || !take(record, bytes, head)) return std::nullopt;
  switch (head.kind) {
    case abi::kKernel:
    case abi::kConcurrentKernel:
      return kernel(record, bytes);
    case abi::kMemcpy:
      return copy(record, bytes);
    case abi::kPeerMemcpy:
      return peer_copy(record, bytes);
    case abi::kMemset:
      return memset_work(record, bytes);
    case abi::kRuntimeCall:
      return call(Api::kRuntime, record, bytes);
    case abi::kDriverCall:
      return call(Api::kDriver, record, bytes);
    case abi::kOverhead:
      return overhead(record, bytes);
    default:
      return std::nullopt;
  }
}

}  // namespace datamon::cupti
