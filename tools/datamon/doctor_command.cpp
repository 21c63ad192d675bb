// `datamon doctor`: what can be measured here, what cannot, and why.
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

// clang-format off: jpeglib.h needs FILE
#include <jpeglib.h>
// clang-format on

#include "command.h"
#include "library_path.h"
#include "output_file.h"
#include "report/text_layout.h"
#include "report/text_units.h"
#include "system/capabilities.h"
#include "terminal.h"

namespace datamon::cli {
namespace {

using report::Paint;
using system::Capability;
using system::Status;

#define DATAMON_TEXT_OF(x) #x
#define DATAMON_TEXT(x) DATAMON_TEXT_OF(x)
#ifdef LIBJPEG_TURBO_VERSION
constexpr const char* kLibjpeg = "libjpeg-turbo " DATAMON_TEXT(LIBJPEG_TURBO_VERSION);
#else
constexpr const char* kLibjpeg = "libjpeg " DATAMON_TEXT(JPEG_LIB_VERSION);
#endif

// Without the library nothing is recorded, so it is opened here as a job would.
Capability monitor_library() {
  const char* asked = std::getenv("MON_LIBRARY");
  const std::string path = asked != nullptr && *asked != '\0' ? asked : find_library().string();
  Capability out{.name = "library", .status = Status::kNo, .reason = {}, .remedy = {}};
  if (path.empty()) {
    out.reason = "libdatamon.so.0 is not beside this program: no job can record";
    out.remedy = "build or install it, or set MON_LIBRARY to its path";
    return out;
  }
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr || dlsym(library, "datamon_attach") == nullptr) {
    const char* error = dlerror();
    out.reason = fmt::format("{} cannot be used: {}", path, error == nullptr ? "?" : error);
    out.remedy = "build it anew, or set MON_LIBRARY to another one";
    return out;
  }
  out.status = Status::kYes;
  out.reason = path;
  return out;
}

system::Capabilities examine() {
  system::Environment environment = system::current_environment();
  environment.libjpeg_version = kLibjpeg;
  system::Capabilities all = system::probe(environment);
  all.insert(all.begin(), monitor_library());
  return all;
}

// Without these there is no recording at all; the rest only costs detail.
bool essential(const Capability& capability) {
  return capability.name == "library" || capability.name == "recording";
}

bool can_record(const system::Capabilities& all) {
  return std::none_of(all.begin(), all.end(), [](const Capability& capability) {
    return essential(capability) && capability.status == Status::kNo;
  });
}

const char* next_step(bool good) {
  return good ? "datamon run -- COMMAND" : "fix the lines marked no, then datamon doctor again";
}

std::string as_text(const system::Capabilities& all, const report::TextStyle& style) {
  const auto width = static_cast<std::size_t>(std::clamp(style.width, 60, 140));
  std::string out =
      report::painted("What can be measured on this machine", Paint::kBold, style.color);
  out += "\n\n";
  int complete = 0;
  for (const Capability& capability : all) {
    const Paint paint = capability.status == Status::kYes  ? Paint::kGreen
                        : capability.status == Status::kNo ? Paint::kRed
                                                           : Paint::kYellow;
    complete += capability.status == Status::kYes ? 1 : 0;
    const std::string name = report::pad_right(report::printable(capability.name), 16);
    const std::string status = report::pad_right(system::to_string(capability.status), 8);
    std::string lines = report::wrap(report::printable(capability.reason), width,
                                     "  " + name + status, std::string(26, ' '));
    // The status is coloured after wrapping: escapes have no width.
    if (style.color)
      lines.replace(2 + name.size(), status.size(), report::painted(status, paint, true));
    out += lines;
    if (!capability.remedy.empty())
      out += report::wrap("to change that: " + report::printable(capability.remedy), width,
                          std::string(26, ' '), std::string(26, ' '));
  }
  const bool good = can_record(all);
  out += fmt::format("\n  {} of {} in full{}\n", complete, all.size(),
                     good ? "; jobs can be recorded" : "; JOBS CANNOT BE RECORDED");
  out += report::painted(fmt::format("  next: {}", next_step(good)), Paint::kCyan, style.color);
  out += "\n";
  return style.utf8 ? out : report::to_ascii(out);
}

std::string as_json(const system::Capabilities& all) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Capability& capability : all)
    list.push_back({{"name", capability.name},
                    {"status", system::to_string(capability.status)},
                    {"reason", capability.reason},
                    {"remedy", capability.remedy}});
  const nlohmann::ordered_json out = {{"schema_version", 1},
                                      {"can_record", can_record(all)},
                                      {"capabilities", list},
                                      {"next", next_step(can_record(all))}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int examine_machine(const OutputOptions& options) {
  const report::TextStyle style = output_style(color_choice(options.color), options.width);
  const system::Capabilities all = examine();
  write_output("", options.json ? as_json(all) : as_text(all, style));
  return can_record(all) ? 0 : 1;
}

}  // namespace

void add_doctor_command(CommandSet& commands) {
  auto options = std::make_shared<OutputOptions>();
  CLI::App& app = commands.add(
      {.name = "doctor",
       .summary = "Say what can be measured on this machine, what not, and why",
       .usage = "",
       .description =
           "Looks at clock, CPU accounting, cgroup limits, pressure, disks, GPUs, the monitor\n"
           "library and the place for recordings. Exits with 1 if jobs cannot be recorded here.",
       .examples = {{"doctor", "look before the first recording"}}},
      [options] { return examine_machine(*options); });
  add_output_options(app, *options);
}

}  // namespace datamon::cli
