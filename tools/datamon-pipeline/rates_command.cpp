#include "rates_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "pipeline/error.h"
#include "summary.h"
#include "system/affinity.h"
#include "system/cpu_info.h"

namespace datamon::pipeline {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr double kSecondsEach = 3;  // without --seconds

// A file that appears whole under its name, or not at all. Opened before the measurement, so that a
// folder that cannot be written to is told at once.
class WholeFile {
 public:
  explicit WholeFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    std::error_code none;
    if (std::filesystem::is_directory(path_, none)) fail(EISDIR);
    file_.reset(std::fopen(part_.c_str(), "we"));
    if (!file_) fail(errno);
  }
  ~WholeFile() {
    if (file_) std::remove(part_.c_str());
  }
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  void write(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size() &&
                         std::fflush(file_.get()) == 0;
    if (!written || std::rename(part_.c_str(), path_.c_str()) != 0) fail(errno);
    file_.reset();
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw PipelineError(fmt::format("--rates {}: cannot be written: {}; name another file", path_,
                                    std::strerror(error)));
  }
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_, part_;
  std::unique_ptr<std::FILE, Close> file_;
};

// Four digits are more than a measurement is good for.
double rounded(double value) {
  return std::isfinite(value) ? std::stod(fmt::format("{:.4g}", value)) : 0;
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  char text[32] = {};
  gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string cpu_model() {
  const auto scratch = std::make_unique<system::Scratch>();
  return std::string(system::read_cpu_info("", *scratch).model());
}

Json rate_json(const std::optional<PlacementRate>& rate, bool on_device) {
  if (!rate) return {};
  Json json = {{"images", rate->images},
               {"images_per_s", rounded(rate->images_per_s)},
               {"worker_cpu_us", rounded(rate->worker_cpu_us)},
               {"consumer_cpu_us", rounded(rate->consumer_cpu_us)}};
  if (!on_device) return json;
  json["device_us"] = rounded(rate->device_us);
  json["copy_us"] = rounded(rate->copy_us);
  return json;
}

std::string rate_line(Backend backend, const MeasuredRates& rates) {
  const auto& rate = rates.of(backend);
  if (!rate) return {};
  std::string text =
      fmt::format("{:<7} {:>8.0f} images/s; an image takes {:.0f} us of CPU", to_string(backend),
                  rate->images_per_s, rate->worker_cpu_us + rate->consumer_cpu_us);
  if (backend != Backend::cpu)
    text += fmt::format(" and {:.2f} us of the GPU, which the model does not get", rate->device_us);
  return text + "\n";
}

// One line for each reason.
std::string missing_lines(const MeasuredRates& rates) {
  const auto& hybrid = rates.why_not[static_cast<std::size_t>(Backend::hybrid)];
  const auto& gpu = rates.why_not[static_cast<std::size_t>(Backend::gpu)];
  if (!hybrid.empty() && hybrid == gpu)
    return fmt::format("hybrid and gpu are not measured: {}\n", printable(hybrid));
  std::string text;
  for (const auto& [name, why] : {std::pair{"hybrid", &hybrid}, std::pair{"gpu", &gpu}})
    if (!why->empty()) text += fmt::format("{} is not measured: {}\n", name, printable(*why));
  return text;
}

std::string described(const Flags& flags, const MeasuredRates& rates) {
  std::string text;
  for (const Backend backend : kPlacements) text += rate_line(backend, rates);
  return text + missing_lines(rates) +
         fmt::format(
             "written to {}\nnext: datamon report --rates {} (the recording of a job with "
             "such images)\n",
             printable(flags.rates_file), printable(flags.rates_file));
}

}  // namespace

std::string rates_json(const Flags& flags, const MeasuredRates& rates) {
  const PipelineOptions& options = flags.options;
  Json placements = Json::object(), not_measured = Json::object();
  for (const Backend backend : kPlacements) {
    placements[to_string(backend)] = rate_json(rates.of(backend), backend != Backend::cpu);
    const std::string& why = rates.why_not[static_cast<std::size_t>(backend)];
    if (!why.empty()) not_measured[to_string(backend)] = why;
  }
  const Json json = {{"datamon_rates", kSchemaVersion},
                     {"date", date_now()},
                     {"version", DATAMON_VERSION},
                     {"cpu", cpu_model()},
                     {"device", rates.device.empty() ? Json() : Json(rates.device)},
                     {"decoder", rates.decoder.empty() ? Json() : Json(rates.decoder)},
                     {"options",
                      {{"workers", options.workers},
                       {"batch", options.batch},
                       {"size", options.size},
                       {"layout", to_string(options.layout)}}},
                     {"images",
                      {{"sampled", rates.images.images},
                       {"mean_pixels", std::round(rates.images.mean_pixels)},
                       {"mean_bytes", std::round(rates.images.mean_bytes)}}},
                     {"placements", placements},
                     {"not_measured", not_measured}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int write_rates(const Flags& flags, const Source& source, const StopFlag& interrupted) {
  WholeFile file(flags.rates_file);
  Flags with = flags;
  if (with.options.workers == 0) with.options.workers = system::affinity_cores().value_or(1);
  const double seconds = flags.options.seconds > 0 ? flags.options.seconds : kSecondsEach;
  if (!flags.json) {
    std::printf("%s: %zu images; each placement runs for %g s with %d workers\n",
                printable(source.path()).c_str(), source.size(), seconds, with.options.workers);
    std::fflush(stdout);
  }
  const MeasuredRates rates = measure_rates(source, with.options, seconds, interrupted);
  if (const auto signal = static_cast<int>(interrupted.load()); signal != 0) {
    std::fprintf(stderr, "datamon-pipeline: ended by a signal: %s is not written\n",
                 printable(flags.rates_file).c_str());
    return 128 + signal;
  }
  const std::string json = rates_json(with, rates);
  file.write(json);
  std::fputs((flags.json ? json : described(with, rates)).c_str(), stdout);
  return 0;
}

}  // namespace datamon::pipeline
