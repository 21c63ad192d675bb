#include "monitor/stage_registry.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "monitor/atomics.h"

namespace datamon::monitor {
namespace {

using format::BlockHeader;
using format::StageRecord;

constexpr std::uint32_t kFirst = DATAMON_FIRST_USER_STAGE;
constexpr std::uint32_t kMax = DATAMON_MAX_STAGES;
constexpr std::uint32_t kSlots = 16384;  // hash table, at most half full

struct Builtin {
  datamon_stage id;
  datamon_class stage_class;
  std::string_view name;
};
constexpr Builtin kBuiltins[] = {
    {DATAMON_INIT, DATAMON_CLASS_INIT, "init"},
    {DATAMON_FETCH, DATAMON_CLASS_FETCH, "fetch"},
    {DATAMON_READ, DATAMON_CLASS_READ, "read"},
    {DATAMON_DECODE, DATAMON_CLASS_DECODE, "decode"},
    {DATAMON_TRANSFORM, DATAMON_CLASS_TRANSFORM, "transform"},
    {DATAMON_COLLATE, DATAMON_CLASS_COLLATE, "collate"},
    {DATAMON_SEND, DATAMON_CLASS_HANDOFF, "send"},
    {DATAMON_QUEUE, DATAMON_CLASS_HANDOFF, "queue"},
    {DATAMON_RECEIVE, DATAMON_CLASS_HANDOFF, "receive"},
    {DATAMON_PIN, DATAMON_CLASS_HANDOFF, "pin"},
    {DATAMON_TRANSFER, DATAMON_CLASS_TRANSFER, "transfer"},
    {DATAMON_WAIT, DATAMON_CLASS_WAIT, "wait"},
    {DATAMON_COMPUTE, DATAMON_CLASS_COMPUTE, "compute"},
    {DATAMON_GPU_BUSY, DATAMON_CLASS_GPU, "gpu-busy"},
};

// Records are whole before g_count says so; slots lead to records. A child may
// inherit a slot whose record is not counted: it is taken for a full slot.
StageRecord g_records[kMax - kFirst];
std::uint16_t g_slots[kSlots];
std::atomic<std::uint32_t> g_count{0};

StageRecord make_record(std::uint32_t id, std::uint32_t stage_class, std::uint32_t loader,
                        std::string_view name) {
  StageRecord record{};
  record.id = static_cast<std::uint16_t>(id);
  record.stage_class = static_cast<std::uint16_t>(stage_class);
  record.loader = static_cast<std::uint16_t>(loader);
  record.name_bytes = static_cast<std::uint16_t>(std::min(name.size(), sizeof record.name));
  std::memcpy(record.name, name.data(), record.name_bytes);
  return record;
}

std::uint32_t hash_of(const StageRecord& record) {
  std::uint64_t hash = 14695981039346656037u ^ record.stage_class ^ (record.loader * 65599u);
  for (std::size_t i = 0; i < record.name_bytes; ++i)
    hash = (hash ^ static_cast<unsigned char>(record.name[i])) * 1099511628211u;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

bool same(const StageRecord& a, const StageRecord& b) {
  return a.stage_class == b.stage_class && a.loader == b.loader && a.name_bytes == b.name_bytes &&
         std::memcmp(a.name, b.name, a.name_bytes) == 0;
}

// The block being filled; write_stages() begins a new one in a fresh file.
BlockHeader* g_block = nullptr;

// False when there is no space.
bool write_record(RecordingFile& file, const StageRecord& record, std::size_t more) {
  BlockHeader* block = g_block;
  const auto room = [](const BlockHeader* b) {
    return (b->bytes - sizeof(BlockHeader)) / sizeof(StageRecord);
  };
  if (block == nullptr || block->count == room(block)) {
    const bool many = block != nullptr || more > 30;
    block = file.allocate(format::BlockType::kStages, many ? 16384 : 4096);
    if (block == nullptr) return false;
    file.publish(block);
    g_block = block;
  }
  reinterpret_cast<StageRecord*>(block + 1)[block->count] = record;
  store_release(block->count, block->count + 1);
  return true;
}

}  // namespace

datamon_stage define_stage(std::string_view name, std::uint32_t stage_class, std::uint32_t loader,
                           RecordingFile& file) {
  if (stage_class > DATAMON_CLASS_GPU) stage_class = DATAMON_CLASS_OTHER;
  if (loader > UINT16_MAX) loader = UINT16_MAX;
  const std::uint32_t count = g_count.load(std::memory_order_relaxed);
  const std::uint32_t id = kFirst + count;
  const StageRecord record = make_record(id, stage_class, loader, name);
  std::uint32_t slot = hash_of(record) % kSlots;
  for (std::uint32_t probes = 0; g_slots[slot] != 0; slot = (slot + 1) % kSlots) {
    const std::uint32_t at = g_slots[slot] - kFirst;
    if (at < count && same(g_records[at], record)) return g_slots[slot];
    if (++probes == kSlots) return DATAMON_NO_STAGE;
  }
  if (id >= kMax || !write_record(file, record, 1)) {
    add_relaxed(file.header()->refused_stages, std::uint64_t{1});
    return DATAMON_NO_STAGE;
  }
  g_records[count] = record;
  g_slots[slot] = record.id;
  g_count.store(count + 1, std::memory_order_release);
  return record.id;
}

void write_stages(RecordingFile& file) {
  g_block = nullptr;
  const std::uint32_t count = g_count.load(std::memory_order_acquire);
  for (const Builtin& stage : kBuiltins)
    write_record(file, make_record(stage.id, stage.stage_class, 0, stage.name), count);
  for (std::uint32_t i = 0; i < count; ++i) write_record(file, g_records[i], count);
}

std::string_view name_of_stage(datamon_stage stage) {
  for (const Builtin& builtin : kBuiltins)
    if (builtin.id == stage) return builtin.name;
  const std::uint32_t at = stage - kFirst;
  if (stage < kFirst || at >= g_count.load(std::memory_order_acquire)) return {};
  return {g_records[at].name, g_records[at].name_bytes};
}

std::uint32_t class_of_stage(datamon_stage stage) {
  for (const Builtin& builtin : kBuiltins)
    if (builtin.id == stage) return builtin.stage_class;
  const std::uint32_t at = stage - kFirst;
  return stage >= kFirst && at < g_count.load(std::memory_order_acquire)
             ? g_records[at].stage_class
             : static_cast<std::uint32_t>(DATAMON_CLASS_OTHER);
}

}  // namespace datamon::monitor
