#include "domains.h"

#include <algorithm>
#include <atomic>

#include "handle_table.h"
#include "text.h"

namespace datamon::nvtx {
namespace {

constexpr std::size_t kMostDomains = 256;
const Domain g_default;
const Domain g_own{1, true, 0, {}};

// A record is whole before g_by_name leads to it, and never changes.
Domain g_records[kMostDomains];
std::atomic<std::uint32_t> g_used{0};
HandleTable<1024> g_by_name;
HandleTable<1024> g_by_handle;

std::uint64_t address_of(const Domain& domain) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&domain));
}

const Domain& record_of(std::string_view name, std::uint64_t seed) {
  if (name == kOwnDomain) return g_own;
  if (const auto known = g_by_name.find(seed))
    return *reinterpret_cast<const Domain*>(static_cast<std::uintptr_t>(known->first));
  const std::uint32_t index = g_used.fetch_add(1, std::memory_order_relaxed);
  if (index >= kMostDomains) {
    g_used.store(kMostDomains, std::memory_order_relaxed);
    return g_default;
  }
  Domain& record = g_records[index];
  record.seed = seed;
  record.bytes = static_cast<unsigned char>(name.copy(record.name, sizeof record.name));
  g_by_name.insert(seed, {address_of(record), 0});
  return record;
}

}  // namespace

const Domain& domain_of(std::uint64_t handle) {
  if (handle == 0) return g_default;
  const auto known = g_by_handle.find(handle);
  return known ? *reinterpret_cast<const Domain*>(static_cast<std::uintptr_t>(known->first))
               : g_default;
}

std::uint64_t add_domain(std::uint64_t handle, std::string_view name) {
  const std::uint64_t seed = hash_of(name);
  if (handle == 0) {
    // Without a tool behind us nobody sees the monitor's own ranges: no handle
    // tells it so.
    if (name == kOwnDomain) return 0;
    handle = seed;
  }
  g_by_handle.insert(handle, {address_of(record_of(name, seed)), 0});
  return handle;
}

void forget_domain(std::uint64_t handle) {
  const auto known = g_by_handle.find(handle);
  if (!known) return;
  // One of our own stands for every domain of its name, also one still in use.
  const auto& domain = *reinterpret_cast<const Domain*>(static_cast<std::uintptr_t>(known->first));
  if (domain.seed != handle) g_by_handle.take(handle);
}

}  // namespace datamon::nvtx
