#include "pipeline/slow.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "pipeline/error.h"

namespace datamon::pipeline {
namespace {

constexpr std::array<const char*, kStages> kStageNames = {"init",
                                                          "fetch",
                                                          "read",
                                                          "decode",
                                                          "transform",
                                                          "transform/resize",
                                                          "transform/flip-normalise",
                                                          "collate",
                                                          "send",
                                                          "queue",
                                                          "wait",
                                                          "receive",
                                                          "transfer",
                                                          "compute"};

// The stages that do one kind of work each: what a slow worker is slow in.
constexpr Stage kWorkerLeaves[] = {Stage::read,           Stage::decode,  Stage::resize,
                                   Stage::flip_normalise, Stage::collate, Stage::send};

struct SlowName {
  std::string_view name;
  Stage stage;
  bool burns;  // unless told otherwise
};
constexpr SlowName kSlowStages[] = {
    {"read", Stage::read, false},
    {"decode", Stage::decode, true},
    {"transform", Stage::transform, true},
    {"resize", Stage::resize, true},
    {"flip-normalise", Stage::flip_normalise, true},
    {"collate", Stage::collate, true},
    {"send", Stage::send, true},
    {"receive", Stage::receive, true},
    {"transfer", Stage::transfer, true},
    {"compute", Stage::compute, false},
};

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw PipelineError(
      fmt::format("--slow {}: {}. Examples: read=+2ms, decode=x3, worker1=x2, item=0.01:+200ms, "
                  "read-bandwidth=50MB/s, start=+2s (docs/pipeline.md lists them all)",
                  text, why));
}

// The number that `text` starts with; the rest of `text` is its unit.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

struct Unit {
  std::string_view name;
  double scale;
};
template <std::size_t N>
std::optional<double> take_quantity(std::string_view text, const Unit (&units)[N]) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units)
    if (text == unit.name) return *number * unit.scale;
  return std::nullopt;
}

std::int64_t time_ns(std::string_view whole, std::string_view text) {
  static constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto value = take_quantity(text, kUnits);
  if (!value) refuse(whole, fmt::format("'{}' is not a time such as 2ms, 500us or 1.5s", text));
  if (*value > 3600e9) refuse(whole, fmt::format("'{}' is longer than an hour", text));
  return static_cast<std::int64_t>(*value);
}

double bandwidth(std::string_view whole, std::string_view text) {
  static constexpr Unit kUnits[] = {{"B/s", 1},        {"kB/s", 1e3},    {"KB/s", 1e3},
                                    {"MB/s", 1e6},     {"GB/s", 1e9},    {"KiB/s", 1024.0},
                                    {"MiB/s", 0x1p20}, {"GiB/s", 0x1p30}};
  const auto value = take_quantity(text, kUnits);
  if (!value || *value < 1)
    refuse(whole, fmt::format("'{}' is not a rate such as 50MB/s or 800kB/s", text));
  return *value;
}

double factor(std::string_view whole, std::string_view text) {
  auto rest = text;
  const auto value = take_number(rest);
  if (!value || !rest.empty() || *value < 1 || *value > 1e6)
    refuse(whole, fmt::format("'x{}' is not a factor of 1 or more, such as x3 or x1.5", text));
  return *value;
}

// "+2ms", "+2ms:burn", "x3"
void parse_amount(SlowSpec& spec, std::string_view amount) {
  const std::string_view whole = spec.text;
  if (amount.starts_with("x")) {
    spec.factor = factor(whole, amount.substr(1));
    return;
  }
  if (!amount.starts_with("+")) refuse(whole, "an amount is +TIME or xFACTOR");
  amount.remove_prefix(1);
  const auto colon = amount.find(':');
  if (colon != std::string_view::npos) {
    const auto how = amount.substr(colon + 1);
    if (how != "burn" && how != "sleep")
      refuse(whole, fmt::format("':{}' is neither :burn nor :sleep", how));
    spec.burn = how == "burn";
  }
  spec.add_ns = time_ns(whole, amount.substr(0, colon));
}

bool parse_device(SlowSpec& spec, std::string_view name, std::string_view amount) {
  if (name == "read-bandwidth") {
    spec.kind = SlowKind::bandwidth;
    spec.bytes_per_second = bandwidth(spec.text, amount);
  } else if (name == "read-latency") {
    spec.kind = SlowKind::latency;
    if (amount.starts_with("+")) amount.remove_prefix(1);
    spec.add_ns = time_ns(spec.text, amount);
  } else {
    return false;
  }
  return true;
}

bool parse_start(SlowSpec& spec, std::string_view name, std::string_view amount) {
  if (name != "start") return false;
  spec.kind = SlowKind::start;
  parse_amount(spec, amount);
  if (spec.factor != 1 || spec.burn) refuse(spec.text, "start takes +TIME, asleep");
  return true;
}

bool parse_item(SlowSpec& spec, std::string_view name, std::string_view amount) {
  if (name != "item") return false;
  spec.kind = SlowKind::item;
  auto rest = amount;
  const auto share = take_number(rest);
  if (!share || *share > 1 || !rest.starts_with(":+"))
    refuse(spec.text, "item takes SHARE:+TIME with a share from 0 to 1");
  spec.share = *share;
  parse_amount(spec, rest.substr(1));
  return true;
}

bool parse_whose(SlowSpec& spec, std::string_view name, std::string_view amount) {
  if (name == "consumer") {
    spec.kind = SlowKind::consumer;
  } else if (name.starts_with("worker")) {
    spec.kind = SlowKind::worker;
    const auto digits = name.substr(6);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), spec.worker);
    if (error != std::errc() || end != digits.data() + digits.size() || spec.worker < 0)
      refuse(spec.text, "a worker is named by its number from 0, such as worker1");
  } else {
    return false;
  }
  if (!amount.starts_with("x")) refuse(spec.text, fmt::format("{} takes xFACTOR", name));
  spec.factor = factor(spec.text, amount.substr(1));
  return true;
}

bool parse_stage(SlowSpec& spec, std::string_view name, std::string_view amount) {
  for (const SlowName& known : kSlowStages) {
    if (known.name != name) continue;
    spec.kind = SlowKind::stage;
    spec.stage = known.stage;
    spec.burn = known.burns;
    parse_amount(spec, amount);
    return true;
  }
  return false;
}

void add_stage(Delay& delay, const SlowSpec& spec) {
  delay.factor *= spec.factor;
  (spec.burn ? delay.burn_ns : delay.sleep_ns) += spec.add_ns;
}

void scale(Delay& delay, double factor) {
  delay.factor *= factor;
  delay.burn_ns = static_cast<std::int64_t>(static_cast<double>(delay.burn_ns) * factor);
  delay.sleep_ns = static_cast<std::int64_t>(static_cast<double>(delay.sleep_ns) * factor);
}

void add(SlowPlan& plan, const SlowSpec& spec) {
  switch (spec.kind) {
    case SlowKind::stage:
      add_stage(plan.stage[static_cast<std::size_t>(spec.stage)], spec);
      break;
    case SlowKind::consumer:
      plan.stage[static_cast<std::size_t>(Stage::compute)].factor *= spec.factor;
      break;
    case SlowKind::item:
      plan.item_share = spec.share;
      add_stage(plan.item, spec);
      break;
    case SlowKind::bandwidth:
      plan.bytes_per_second = spec.bytes_per_second;
      break;
    case SlowKind::latency:
      plan.stage[static_cast<std::size_t>(Stage::read)].sleep_ns += spec.add_ns;
      break;
    case SlowKind::start:
      plan.start_ns += spec.add_ns;
      break;
    case SlowKind::worker:
      break;  // scales the sum of the others: plan_slow
  }
}

// SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

const char* to_string(Stage stage) { return kStageNames[static_cast<std::size_t>(stage)]; }

SlowSpec parse_slow(std::string_view text) {
  SlowSpec spec;
  spec.text = text;
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) refuse(text, "it is written NAME=AMOUNT");
  const auto name = text.substr(0, equals);
  const auto amount = text.substr(equals + 1);
  if (parse_stage(spec, name, amount) || parse_device(spec, name, amount) ||
      parse_start(spec, name, amount) || parse_item(spec, name, amount) ||
      parse_whose(spec, name, amount))
    return spec;
  refuse(text, fmt::format("'{}' names nothing that can be slowed", name));
}

SlowPlan plan_slow(const std::vector<SlowSpec>& specs, int worker) {
  SlowPlan plan;
  plan.any = !specs.empty();
  for (const SlowSpec& spec : specs) add(plan, spec);
  for (const SlowSpec& spec : specs) {
    if (spec.kind != SlowKind::worker || spec.worker != worker) continue;
    for (const Stage stage : kWorkerLeaves)
      scale(plan.stage[static_cast<std::size_t>(stage)], spec.factor);
  }
  return plan;
}

bool SlowPlan::slow_item(std::uint64_t seed, std::uint64_t item_index) const {
  if (item_share <= 0) return false;
  const double draw = static_cast<double>(mix(mix(seed) ^ item_index) >> 11) * 0x1p-53;
  return draw < item_share;
}

}  // namespace datamon::pipeline
