// Rates of placements made in code, and the file that would hold them. The numbers are arbitrary.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "report/forecast/placement_advice.h"
#include "report/forecast/placement_rates.h"

namespace datamon::testing {

struct RatesModel {
  // Microseconds an image; no device: the placement is not measured.
  double cpu_us = 100;
  std::optional<double> hybrid_us = 60, gpu_us = 5;  // of workers
  double hybrid_device_us = 1, gpu_device_us = 10;   // of the GPU
  double consumer_cpu_us = 0, copy_us = 0;
  double mean_pixels = 187'500, mean_bytes = 90'000;
};

inline nlohmann::json rates_json(const RatesModel& model = {}) {
  const auto rate = [&](double worker_us) -> nlohmann::json {
    return {{"images", 1000},
            {"images_per_s", 1e6 / worker_us},
            {"worker_cpu_us", worker_us},
            {"consumer_cpu_us", model.consumer_cpu_us}};
  };
  const auto device = [&](std::optional<double> worker_us, double device_us) -> nlohmann::json {
    if (!worker_us) return nullptr;
    nlohmann::json json = rate(*worker_us);
    json["device_us"] = device_us;
    json["copy_us"] = model.copy_us;
    return json;
  };
  nlohmann::json not_measured = nlohmann::json::object();
  if (!model.hybrid_us) not_measured["hybrid"] = "there is no GPU";
  if (!model.gpu_us) not_measured["gpu"] = "there is no GPU";
  return {{"datamon_rates", 1},
          {"date", "2026-01-02T03:04:05Z"},
          {"version", "0.1.0"},
          {"cpu", "Testchip 9000"},
          {"device", model.gpu_us ? nlohmann::json("Testdevice 1") : nlohmann::json()},
          {"images",
           {{"sampled", 60}, {"mean_pixels", model.mean_pixels}, {"mean_bytes", model.mean_bytes}}},
          {"placements",
           {{"cpu", rate(model.cpu_us)},
            {"hybrid", device(model.hybrid_us, model.hybrid_device_us)},
            {"gpu", device(model.gpu_us, model.gpu_device_us)}}},
          {"not_measured", not_measured}};
}

inline report::PlacementRates make_rates(const RatesModel& model = {}) {
  return report::parse_placement_rates(rates_json(model).dump(), "rates.json");
}

// What they advise for a job.
inline report::PlacementAdvice advice_on(const report::Profile& profile,
                                         const RatesModel& rates = {}) {
  const report::PlacementRates made = make_rates(rates);
  const report::Forecaster forecaster(profile, &made);
  return report::advise_placement(forecaster, made, {});
}

}  // namespace datamon::testing
