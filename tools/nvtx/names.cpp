#include "names.h"

#include <algorithm>
#include <atomic>

#include "handle_table.h"
#include "rules.h"
#include "text.h"

namespace datamon::nvtx {
namespace {

constexpr std::string_view kUnnamed = "unnamed range";
constexpr std::string_view kOthers = "other ranges";

struct Builtin {
  std::string_view name;
  datamon_stage stage;
  datamon_class stage_class;
};
constexpr Builtin kStages[] = {
    {"init", DATAMON_INIT, DATAMON_CLASS_INIT},
    {"fetch", DATAMON_FETCH, DATAMON_CLASS_FETCH},
    {"read", DATAMON_READ, DATAMON_CLASS_READ},
    {"decode", DATAMON_DECODE, DATAMON_CLASS_DECODE},
    {"transform", DATAMON_TRANSFORM, DATAMON_CLASS_TRANSFORM},
    {"collate", DATAMON_COLLATE, DATAMON_CLASS_COLLATE},
    {"send", DATAMON_SEND, DATAMON_CLASS_HANDOFF},
    {"queue", DATAMON_QUEUE, DATAMON_CLASS_HANDOFF},
    {"receive", DATAMON_RECEIVE, DATAMON_CLASS_HANDOFF},
    {"pin", DATAMON_PIN, DATAMON_CLASS_HANDOFF},
    {"transfer", DATAMON_TRANSFER, DATAMON_CLASS_TRANSFER},
    {"wait", DATAMON_WAIT, DATAMON_CLASS_WAIT},
    {"compute", DATAMON_COMPUTE, DATAMON_CLASS_COMPUTE},
};

// Hash of name and domain to stage. Names that share a stage are kept while there
// is plenty of room, and are looked up in the rules each time from then on: so
// that names with a stage of their own always find a place.
HandleTable<4096> g_known;
constexpr unsigned kMostSharing = 1536;
constexpr std::uint64_t kOwnNames = 0x6f776e;  // in place of a domain: stages by their own name
std::atomic<unsigned> g_sharing{0};
std::atomic<unsigned> g_own_names{0};

// Counts up to `most`; false beyond.
bool count_up(std::atomic<unsigned>& counter, unsigned most) {
  if (counter.load(std::memory_order_relaxed) >= most) return false;
  return counter.fetch_add(1, std::memory_order_relaxed) < most;
}

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

datamon_stage define(std::string_view name, datamon_class stage_class) {
  return datamon_define_stage(name.data(), name.size(), stage_class, 0);
}

// "decode" is the built-in stage, "decode/jpeg" one of its class.
const Builtin* builtin_before_slash(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('/'));
  for (const Builtin& stage : kStages)
    if (matches(stage.name, first)) return &stage;
  return nullptr;
}

datamon_stage stage_named(std::string_view text) {
  const Builtin* builtin = builtin_before_slash(text);
  if (builtin == nullptr) return define(text, DATAMON_CLASS_OTHER);
  return text.size() == builtin->name.size() ? builtin->stage : define(text, builtin->stage_class);
}

struct Resolved {
  datamon_stage stage;
  bool own;  // a new one
};

// Stages that are called after a range are bounded in number.
Resolved stage_after_range(std::string_view text) {
  const Builtin* builtin = builtin_before_slash(text);
  if (builtin != nullptr && text.size() == builtin->name.size()) return {builtin->stage, false};
  // Domains share the stage of a name.
  const std::uint64_t hash = hash_of(text, kOwnNames);
  if (const auto known = g_known.find(hash))
    return {static_cast<datamon_stage>(known->first), false};
  if (!count_up(g_own_names, kMostNames)) return {stage_of_others(), false};
  const datamon_stage stage = stage_named(text);
  g_known.insert(hash, {stage, 0});
  return {stage, true};
}

Resolved resolve(const Domain& domain, std::string_view name) {
  const std::string_view target = find_rule(domain.view(), name);
  if (target.empty()) return stage_after_range(name);
  if (target == "-") return {DATAMON_NO_STAGE, false};
  if (target.ends_with("/*")) {
    char text[kMostNameBytes + 64];
    const std::string_view before = target.substr(0, target.size() - 1);
    if (before.size() + name.size() > sizeof text) return {stage_of_others(), false};
    char* end = std::copy(before.begin(), before.end(), text);
    end = std::copy(name.begin(), name.end(), end);
    return stage_after_range({text, static_cast<std::size_t>(end - text)});
  }
  return {stage_named(target), false};
}

datamon_stage find_or_resolve(const Domain& domain, std::string_view name, std::uint64_t hash) {
  if (const auto known = g_known.find(hash)) return static_cast<datamon_stage>(known->first);
  const Resolved resolved = resolve(domain, name);
  if (resolved.own || count_up(g_sharing, kMostSharing)) g_known.insert(hash, {resolved.stage, 0});
  return resolved.stage;
}

}  // namespace

std::string_view without_numbers(std::string_view name, char* to, std::size_t room, bool& changed) {
  std::size_t size = 0;
  changed = false;
  for (std::size_t i = 0; i < name.size() && size < room; ++i) {
    const bool begins = is_digit(name[i]) && (i == 0 || !is_letter(name[i - 1]));
    if (!begins) {
      to[size++] = name[i];
      continue;
    }
    std::size_t end = i + 1;
    while (end < name.size() && is_digit(name[end])) ++end;
    if (end == name.size() || !is_letter(name[end])) {
      to[size++] = '#';
      changed = true;
      i = end - 1;
      continue;
    }
    for (; i < end && size < room; ++i) to[size++] = name[i];
    --i;
  }
  return {to, size};
}

datamon_stage stage_of(const Domain& domain, std::string_view name) {
  if (name.empty()) name = kUnnamed;
  const std::uint64_t hash = hash_of(name, domain.seed);
  if (const auto known = g_known.find(hash)) return static_cast<datamon_stage>(known->first);
  char buffer[kMostNameBytes];
  bool changed = false;
  const std::string_view plain = without_numbers(name, buffer, sizeof buffer, changed);
  return changed ? find_or_resolve(domain, plain, hash_of(plain, domain.seed))
                 : find_or_resolve(domain, name, hash);
}

datamon_stage stage_of_others() {
  static std::atomic<datamon_stage> stage{DATAMON_NO_STAGE};
  datamon_stage known = stage.load(std::memory_order_relaxed);
  if (known == DATAMON_NO_STAGE) {
    known = define(kOthers, DATAMON_CLASS_OTHER);
    stage.store(known, std::memory_order_relaxed);
  }
  return known;
}

}  // namespace datamon::nvtx
