#include "report/forecast/placement_rates.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "report/text_units.h"

namespace datamon::report {
namespace {

using nlohmann::json;

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMostBytes = 64 * 1024;  // a real one has 2 kB
constexpr std::size_t kMostText = 200;
constexpr int kDeepest = 8;

struct Range {
  double least, most;
};
// Wider than any machine: a nanosecond to 100 s an image, an image of a thousand million pixels.
constexpr Range kTime_us{1e-3, 1e8}, kTimeOrNone_us{0, 1e8}, kRate{1e-3, 1e9}, kSize{1, 1e9};

class Reader {
 public:
  Reader(const json& root, const std::string& name) : root_(root), name_(name) {}

  PlacementRates read() const {
    if (!root_.is_object()) fail("", "is no JSON object");
    const json& version = member(root_, "", "datamon_rates");
    if (!version.is_number_integer() || version != kSchemaVersion)
      fail("datamon_rates",
           fmt::format("is {}; this program reads {}", shown(version), kSchemaVersion));
    PlacementRates out;
    out.file = name_;
    out.date = text("date");
    out.version = text("version");
    out.cpu = text("cpu");
    out.device = text("device");
    const json& images = object(root_, "", "images");
    out.mean_pixels = number(images, "images", "mean_pixels", kSize);
    out.mean_bytes = number(images, "images", "mean_bytes", kSize);
    const json& placements = object(root_, "", "placements");
    for (const Placement placement : kPlacements) {
      const auto at = static_cast<std::size_t>(placement);
      const auto found = placements.find(to_string(placement));
      if (found != placements.end() && !found->is_null())
        out.rates[at] = rate(*found, placement);
      else
        out.why_not[at] = why_not(placement);
    }
    if (!out.of(Placement::kCpu)) fail("placements.cpu", "is missing");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& field, const std::string& what) const {
    throw RatesError(
        fmt::format("--rates {}: {}{}{}; measure it again: datamon-pipeline DATA --rates FILE",
                    printable(name_), field, field.empty() ? "" : " ", what));
  }

  static std::string shown(const json& value) {
    if (value.is_structured()) return value.is_array() ? "a list" : "an object";
    const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    return text.size() > 40 ? text.substr(0, 40) + "..." : text;
  }

  static std::string path_of(const std::string& parent, const char* key) {
    return parent.empty() ? key : parent + "." + key;
  }

  const json& member(const json& parent, const std::string& path, const char* key) const {
    const auto found = parent.find(key);
    if (found == parent.end()) fail(path_of(path, key), "is missing");
    return *found;
  }

  const json& object(const json& parent, const std::string& path, const char* key) const {
    const json& value = member(parent, path, key);
    if (!value.is_object()) fail(path_of(path, key), "is no object");
    return value;
  }

  double number(const json& parent, const std::string& path, const char* key, Range range) const {
    const json& value = member(parent, path, key);
    const double found = value.is_number() ? value.get<double>() : std::nan("");
    if (!(found >= range.least && found <= range.most))
      fail(path_of(path, key), fmt::format("is {}; it must be a number from {:g} to {:g}",
                                           shown(value), range.least, range.most));
    return found;
  }

  // What only describes; anything but a text counts as not said.
  std::string text(const char* key) const {
    const auto found = root_.find(key);
    return found != root_.end() && found->is_string()
               ? found->get<std::string>().substr(0, kMostText)
               : std::string();
  }

  PlacementRate rate(const json& value, Placement placement) const {
    const std::string path = std::string("placements.") + to_string(placement);
    if (!value.is_object()) fail(path, "is no object");
    const auto seconds = [&](const char* key, Range range) {
      return number(value, path, key, range) * 1e-6;
    };
    PlacementRate out;
    out.images_per_s = number(value, path, "images_per_s", kRate);
    out.worker_cpu_s = seconds("worker_cpu_us", kTime_us);
    out.consumer_cpu_s = seconds("consumer_cpu_us", kTimeOrNone_us);
    if (placement == Placement::kCpu) return out;
    out.device_s = seconds("device_us", kTime_us);
    out.copy_s = seconds("copy_us", kTimeOrNone_us);
    return out;
  }

  std::string why_not(Placement placement) const {
    const auto reasons = root_.find("not_measured");
    if (reasons == root_.end() || !reasons->is_object()) return "not measured";
    const auto reason = reasons->find(to_string(placement));
    if (reason == reasons->end() || !reason->is_string()) return "not measured";
    return reason->get<std::string>().substr(0, kMostText);
  }

  const json& root_;
  const std::string& name_;
};

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw RatesError(
      fmt::format("--rates {}: {}; measure the rates: datamon-pipeline DATA --rates FILE",
                  printable(name), what));
}

// Nothing nests deeper than a file of rates does.
json parsed(std::string_view text, const std::string& name) {
  const auto shallow = [&name](int depth, json::parse_event_t, json&) {
    if (depth > kDeepest) refuse(name, "nests too deep to be a file of rates");
    return true;
  };
  try {
    return json::parse(text, shallow);
  } catch (const json::exception&) {
    refuse(name, "is no JSON that can be read");
  }
}

}  // namespace

const char* to_string(Placement placement) {
  switch (placement) {
    case Placement::kCpu:
      return "cpu";
    case Placement::kHybrid:
      return "hybrid";
    case Placement::kGpu:
      return "gpu";
  }
  return "cpu";
}

std::optional<Placement> placement_of(std::string_view name) {
  for (const Placement placement : kPlacements)
    if (name == to_string(placement)) return placement;
  return std::nullopt;
}

PlacementRates parse_placement_rates(std::string_view text, const std::string& name) {
  if (text.size() > kMostBytes)
    refuse(name, fmt::format("has more than {} bytes, as no file of rates does", kMostBytes));
  const json root = parsed(text, name);
  return Reader(root, name).read();
}

PlacementRates read_placement_rates(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes(kMostBytes + 1);
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad() || (!file && file.gcount() == 0))
    refuse(path.string(),
           fmt::format("cannot be read: {}", errno != 0 ? std::strerror(errno) : "it is empty"));
  return parse_placement_rates({bytes.data(), static_cast<std::size_t>(file.gcount())},
                               path.string());
}

}  // namespace datamon::report
