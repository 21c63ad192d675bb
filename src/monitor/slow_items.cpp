#include "monitor/slow_items.h"

#include <algorithm>
#include <cstring>

#include "monitor/atomics.h"
#include "monitor/cpu_split.h"

namespace datamon::monitor {
namespace {

using format::SlowPart;
using format::SlowRecord;
using format::SpanRecord;

// So many stages are told apart while an item is split; of more the rest is the item's own.
constexpr std::size_t kMostStages = 32;

// The stages of one item; the first is its own.
struct Parts {
  SlowPart part[kMostStages];
  std::size_t count = 0;

  std::size_t of(std::uint16_t stage) {
    for (std::size_t i = 0; i < count; ++i)
      if (part[i].stage == stage) return i;
    if (count == kMostStages) return 0;
    part[count] = {0, stage, {}};
    return count++;
  }
};

// The item's own part and the longest of the others; what is left is the item's own, too.
std::uint32_t longest(Parts& all, SlowPart (&out)[6]) {
  const auto last = all.part + all.count;
  const auto kept = all.part + std::min(all.count, std::size(out));
  std::partial_sort(all.part + 1, kept, last, [](const SlowPart& a, const SlowPart& b) {
    return a.self_ticks > b.self_ticks;
  });
  for (auto rest = kept; rest != last; ++rest) all.part[0].self_ticks += rest->self_ticks;
  std::copy(all.part, kept, out);
  return static_cast<std::uint32_t>(kept - all.part);
}

SlowRecord* place_for(format::BlockHeader& block, std::uint64_t duration) {
  auto* records = reinterpret_cast<SlowRecord*>(&block + 1);
  if (block.count < kSlowItems) return records + block.count;
  SlowRecord* least = std::min_element(
      records, records + kSlowItems,
      [](const SlowRecord& a, const SlowRecord& b) { return a.duration < b.duration; });
  return least->duration < duration ? least : nullptr;
}

void fill(SlowRecord& to, const SlowItem& item, std::span<const SpanRecord> before) {
  SlowRecord record{};
  record.start = item.span.start;
  record.duration = item.span.duration;
  record.id = item.span.id;
  record.bytes = item.bytes;
  record.stage = item.span.stage;
  record.parts = split_parts(item.span, before, record.part);
  // The end of a path tells more than its beginning.
  std::string_view name = item.name;
  if (name.size() > sizeof record.name) name.remove_prefix(name.size() - sizeof record.name);
  record.name_bytes = static_cast<std::uint16_t>(name.size());
  if (!name.empty()) std::memcpy(record.name, name.data(), name.size());

  const std::uint64_t version = to.version;
  // An exchange, since no store below may come before it.
  std::atomic_ref<std::uint64_t>(to.version).exchange(version | 1);
  record.version = version | 1;
  std::memcpy(static_cast<void*>(&to), &record, sizeof record);
  store_release(to.version, (version | 1) + 1);
}

}  // namespace

std::uint32_t split_parts(const SpanRecord& item, std::span<const SpanRecord> before,
                          SlowPart (&parts)[6]) {
  Parts all;
  std::uint16_t parent[kMaxDepth + 1] = {};  // part of the span that is open at a depth
  all.part[all.of(item.stage)].self_ticks = item.duration;
  for (std::size_t i = before.size(); i > 0; --i) {
    const SpanRecord& span = before[i - 1];
    if ((span.flags & format::kSpanInterval) != 0) continue;
    if (span.start < item.start || span.depth <= item.depth || span.depth >= kMaxDepth) break;
    const std::size_t own = all.of(span.stage);
    all.part[own].self_ticks += span.duration;
    SlowPart& outer = all.part[parent[span.depth - 1]];
    outer.self_ticks -= std::min(outer.self_ticks, span.duration);
    parent[span.depth] = static_cast<std::uint16_t>(own);
  }
  return longest(all, parts);
}

std::uint64_t keep_slow_item(format::BlockHeader& block, const SlowItem& item,
                             std::span<const SpanRecord> before) {
  SlowRecord* to = place_for(block, item.span.duration);
  if (to != nullptr) {
    fill(*to, item, before);
    const auto* records = reinterpret_cast<const SlowRecord*>(&block + 1);
    if (to == records + block.count) store_release(block.count, block.count + 1);
  }
  if (block.count < kSlowItems) return 0;
  const auto* records = reinterpret_cast<const SlowRecord*>(&block + 1);
  return std::min_element(
             records, records + kSlowItems,
             [](const SlowRecord& a, const SlowRecord& b) { return a.duration < b.duration; })
      ->duration;
}

}  // namespace datamon::monitor
