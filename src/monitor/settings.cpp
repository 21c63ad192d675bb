#include "monitor/settings.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <system_error>

#include "monitor/message.h"
#include "monitor/options.h"

namespace datamon::monitor {
namespace {

const char* value_of(const Option& option) {
  const char* value = ::secure_getenv(option.name);
  return value != nullptr && value[0] != '\0' ? value : option.fallback;
}

void complain(const Option& option, const char* value) {
  say("datamon: %s=%s is not understood; using %s (%s)\n", option.name, value, option.fallback,
      option.meaning);
}

// A plain decimal number, whatever the job's locale says of commas; NaN if it is none.
double decimal(const char* text) {
  double value = 0;
  const char* const end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  return error == std::errc() && rest == end ? value : std::numeric_limits<double>::quiet_NaN();
}

// A plain decimal number in [least, most], times `scale`.
std::uint64_t number(const Option& option, double least, double most, double scale) {
  const char* value = value_of(option);
  double parsed = decimal(value);
  if (!(parsed >= least && parsed <= most)) {
    complain(option, value);
    parsed = decimal(option.fallback);
  }
  return static_cast<std::uint64_t>(parsed * scale + 0.5);
}

// True if the value is `yes`; anything but the two words is complained about.
bool chosen(const Option& option, const char* yes, const char* no) {
  const char* value = value_of(option);
  if (std::strcmp(value, yes) == 0) return true;
  if (std::strcmp(value, no) != 0) {
    complain(option, value);
    return std::strcmp(option.fallback, yes) == 0;
  }
  return false;
}

}  // namespace

Settings read_settings() {
  Settings settings;
  settings.max_bytes = number(kMaxMb, 1, 65536, 1024 * 1024) & ~std::uint64_t{4095};
  settings.budget_ppm = number(kBudget, 0, 100, 1e4);
  settings.force_monotonic = chosen(kClock, "monotonic", "auto");
  settings.sampler = chosen(kSampler, "1", "0");
  settings.nvtx = chosen(kNvtx, "1", "0");
  settings.nvtx_in = chosen(kNvtxIn, "1", "0");
  settings.probe = chosen(kProbe, "1", "0");
  settings.probe_delay_ppm = static_cast<std::uint32_t>(number(kProbeDelay, 1, 100, 1e4));
  settings.probe_limit_ns = number(kProbeSeconds, 1, 86400, 1e9);
  settings.cupti = chosen(kCupti, "1", "0");
  return settings;
}

}  // namespace datamon::monitor
