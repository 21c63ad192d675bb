#include "rules.h"

#include <cstring>
#include <iterator>

namespace datamon::nvtx {
namespace {

struct Rule {
  std::string_view pattern;
  std::string_view target;
};

// A range that is named like a built-in stage needs no rule. A false match would
// spoil the verdict, a missed one only leaves time unnamed: so whole names, and
// wildcards only behind what no other library says.
constexpr Rule kBuiltin[] = {
    // PyTorch's own, with torch.autograd.profiler.emit_nvtx().
    {"enumerate(DataLoader)#*", "wait"},
    {"Optimizer.step#*", "compute"},
    // What training loops call getting a batch, and the rest of the step.
    {"data loading", "wait"},
    {"dataloading", "wait"},
    {"data load", "wait"},
    {"dataload", "wait"},
    {"data loader", "wait"},
    {"dataloader", "wait"},
    {"data fetch", "wait"},
    {"load data", "wait"},
    {"loading data", "wait"},
    {"fetch data", "wait"},
    {"load batch", "wait"},
    {"fetch batch", "wait"},
    {"get batch", "wait"},
    {"next batch", "wait"},
    {"forward", "compute"},
    {"forward pass", "compute"},
    {"backward", "compute"},
    {"backward pass", "compute"},
    {"optimizer", "compute"},
    {"optimizer step", "compute"},
    {"train step", "compute"},
    {"training step", "compute"},
    {"h2d", "transfer"},
    {"host to device", "transfer"},
    {"to device", "transfer"},
    {"copy to device", "transfer"},
    {"data to gpu", "transfer"},
    // NVIDIA DALI.
    {"[DALI][* op] *decoder*", "decode"},
    {"[DALI][* op] *reader*", "read"},
    {"[DALI][* op] *external*source*", "read"},
    {"[DALI][*Reader] *", "read"},
    {"[DALI][MakeContiguous*] H2D*", "transfer"},
    {"[DALI][* op] *", "transform/*"},
    // Image decoders.
    {"jpeg decode", "decode"},
    {"decode jpeg", "decode"},
    {"image decode", "decode"},
    {"decode image", "decode"},
    {"imdecode", "decode"},
    // RAPIDS.
    {"libcudf/read *", "read"},
    {"libkvikio/*read*", "read"},
};

// The user's rules, cut out of a copy of what was given.
char g_text[8192];
Rule g_user[64];
std::size_t g_users = 0;

constexpr char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '_' || c == '-' ? ' ' : c;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

bool add_rule(std::string_view text) {
  const std::size_t sign = text.rfind('=');
  if (sign == std::string_view::npos) return false;
  const Rule rule{trimmed(text.substr(0, sign)), trimmed(text.substr(sign + 1))};
  if (rule.pattern.empty() || rule.target.empty() || g_users == std::size(g_user)) return false;
  g_user[g_users++] = rule;
  return true;
}

bool applies(const Rule& rule, std::string_view domain, std::string_view name) {
  if (matches(rule.pattern, name)) return true;
  if (domain.empty()) return false;
  char both[512];
  if (domain.size() + 1 + name.size() > sizeof both) return false;
  std::memcpy(both, domain.data(), domain.size());
  both[domain.size()] = '/';
  std::memcpy(both + domain.size() + 1, name.data(), name.size());
  return matches(rule.pattern, {both, domain.size() + 1 + name.size()});
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || folded(pattern[p]) == folded(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool load_rules(std::string_view text) {
  g_users = 0;
  bool understood = text.size() <= sizeof g_text;
  const std::size_t size = text.copy(g_text, sizeof g_text);
  std::string_view rest(g_text, size);
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(";\n");
    const std::string_view item = trimmed(rest.substr(0, end));
    if (!item.empty() && !add_rule(item)) understood = false;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return understood;
}

std::string_view find_rule(std::string_view domain, std::string_view name) {
  for (std::size_t i = 0; i < g_users; ++i)
    if (applies(g_user[i], domain, name)) return g_user[i].target;
  for (const Rule& rule : kBuiltin)
    if (applies(rule, domain, name)) return rule.target;
  return {};
}

}  // namespace datamon::nvtx
