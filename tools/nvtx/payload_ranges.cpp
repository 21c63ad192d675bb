#include "payload_ranges.h"

#include <atomic>
#include <cstdint>

#include "domains.h"
#include "names.h"
#include "ranges.h"

namespace datamon::nvtx {
namespace {

using Push = int (*)(nvtxDomainHandle_t, const nvtxPayloadData_t*, std::size_t);
using Start = nvtxRangeId_t (*)(nvtxDomainHandle_t, const nvtxPayloadData_t*, std::size_t);
using End = void (*)(nvtxDomainHandle_t, nvtxRangeId_t, const nvtxPayloadData_t*, std::size_t);

// The chained tool's functions; it installs the same in every shared object.
std::atomic<Push> g_push{nullptr};
std::atomic<Push> g_pop{nullptr};
std::atomic<Start> g_start{nullptr};
std::atomic<End> g_end{nullptr};

std::uint64_t number_of(nvtxDomainHandle_t domain) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(domain));
}

int push_payload(nvtxDomainHandle_t handle, const nvtxPayloadData_t* data, std::size_t count) {
  const Push theirs = g_push.load(std::memory_order_relaxed);
  const int level = theirs != nullptr ? theirs(handle, data, count) : 0;
  const std::uint64_t number = number_of(handle);
  const Domain& domain = domain_of(number);
  if (domain.ignored) return level;
  const int own = push(number, stage_of(domain, {}));
  return theirs != nullptr ? level : own;
}

int pop_payload(nvtxDomainHandle_t handle, const nvtxPayloadData_t* data, std::size_t count) {
  const std::uint64_t number = number_of(handle);
  const int own = domain_of(number).ignored ? 0 : pop(number);
  const Push theirs = g_pop.load(std::memory_order_relaxed);
  return theirs != nullptr ? theirs(handle, data, count) : own;
}

nvtxRangeId_t start_payload(nvtxDomainHandle_t handle, const nvtxPayloadData_t* data,
                            std::size_t count) {
  const Start theirs = g_start.load(std::memory_order_relaxed);
  const nvtxRangeId_t id = theirs != nullptr ? theirs(handle, data, count) : 0;
  const Domain& domain = domain_of(number_of(handle));
  return domain.ignored ? id : start(id, stage_of(domain, {}));
}

void end_payload(nvtxDomainHandle_t handle, nvtxRangeId_t id, const nvtxPayloadData_t* data,
                 std::size_t count) {
  end(id);
  const End theirs = g_end.load(std::memory_order_relaxed);
  if (theirs != nullptr) theirs(handle, is_made_up(id) ? 0 : id, data, count);
}

template <typename Function>
void put_before(const nvtxExtModuleSegment_t& segment, std::size_t callback,
                std::atomic<Function>& theirs, Function ours) {
  if (callback >= segment.slotCount) return;
  std::intptr_t& slot = segment.functionSlots[callback];
  // Below are the marks of a slot without a function.
  constexpr std::intptr_t kLastMark = 16;
  if (slot > kLastMark) theirs.store(reinterpret_cast<Function>(slot), std::memory_order_relaxed);
  slot = reinterpret_cast<std::intptr_t>(ours);
}

}  // namespace

void install_payload_ranges(nvtxExtModuleInfo_t& module) {
  if (module.moduleId != NVTX_EXT_PAYLOAD_MODULEID || module.segmentsCount == 0) return;
  const nvtxExtModuleSegment_t& segment = module.segments[0];
  put_before(segment, NVTX3EXT_CBID_nvtxRangePushPayload, g_push, &push_payload);
  put_before(segment, NVTX3EXT_CBID_nvtxRangePopPayload, g_pop, &pop_payload);
  put_before(segment, NVTX3EXT_CBID_nvtxRangeStartPayload, g_start, &start_payload);
  put_before(segment, NVTX3EXT_CBID_nvtxRangeEndPayload, g_end, &end_payload);
}

}  // namespace datamon::nvtx
