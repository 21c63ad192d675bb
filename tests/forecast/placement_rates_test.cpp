// The file of rates: what is read, and that nothing it may hold does harm.
#include "report/forecast/placement_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "draw.h"
#include "rates_model.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using datamon::testing::rates_json;
using datamon::testing::RatesModel;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_placement_rates(text, "the/rates.json");
  } catch (const RatesError& error) {
    return error.what();
  }
  return "";
}

TEST(PlacementRates, AreReadInSeconds) {
  const PlacementRates rates = parse_placement_rates(
      rates_json({.cpu_us = 250, .gpu_us = 4, .gpu_device_us = 12, .copy_us = 3}).dump(), "a.json");
  ASSERT_TRUE(rates.of(Placement::kCpu));
  EXPECT_DOUBLE_EQ(rates.of(Placement::kCpu)->worker_cpu_s, 250e-6);
  EXPECT_EQ(rates.of(Placement::kCpu)->device_s, 0);
  ASSERT_TRUE(rates.of(Placement::kGpu));
  EXPECT_DOUBLE_EQ(rates.of(Placement::kGpu)->worker_cpu_s, 4e-6);
  EXPECT_DOUBLE_EQ(rates.of(Placement::kGpu)->device_s, 12e-6);
  EXPECT_DOUBLE_EQ(rates.of(Placement::kGpu)->copy_s, 3e-6);
  EXPECT_EQ(rates.device, "Testdevice 1");
  EXPECT_EQ(rates.date, "2026-01-02T03:04:05Z");
  EXPECT_EQ(rates.mean_pixels, 187'500);
}

TEST(PlacementRates, WithoutADeviceSayWhy) {
  const PlacementRates rates = datamon::testing::make_rates({.hybrid_us = {}, .gpu_us = {}});
  EXPECT_TRUE(rates.of(Placement::kCpu));
  EXPECT_FALSE(rates.of(Placement::kHybrid));
  EXPECT_FALSE(rates.of(Placement::kGpu));
  EXPECT_EQ(rates.why_not[static_cast<std::size_t>(Placement::kGpu)], "there is no GPU");
  EXPECT_EQ(rates.device, "");
}

TEST(PlacementRates, NumbersThatCannotBeAreRefusedByName) {
  const json wrong[] = {
      0, -1, -1e-9, 1e12, 1e300, nullptr, "NaN", "5", true, json::array({5}), json::object()};
  const char* const fields[] = {"/placements/cpu/images_per_s",
                                "/placements/cpu/worker_cpu_us",
                                "/placements/hybrid/worker_cpu_us",
                                "/placements/hybrid/device_us",
                                "/placements/gpu/device_us",
                                "/placements/gpu/images_per_s",
                                "/images/mean_pixels",
                                "/images/mean_bytes"};
  for (const char* const field : fields) {
    for (const json& value : wrong) {
      json file = rates_json();
      file[json::json_pointer(field)] = value;
      std::string name = std::string(field).substr(1);
      for (char& c : name) c = c == '/' ? '.' : c;
      EXPECT_THAT(refusal(file.dump()),
                  AllOf(HasSubstr("--rates the/rates.json: "), HasSubstr(name),
                        HasSubstr("must be a number from"), HasSubstr("datamon-pipeline DATA")))
          << field << " " << value;
    }
    json file = rates_json();
    const json::json_pointer at(field);
    file[at.parent_pointer()].erase(at.back());
    EXPECT_THAT(refusal(file.dump()), HasSubstr("is missing")) << field;
  }
  // These may be nothing at all, and no more than the others.
  for (const char* const field : {"/placements/gpu/copy_us", "/placements/cpu/consumer_cpu_us"}) {
    json file = rates_json();
    file[json::json_pointer(field)] = 0;
    EXPECT_EQ(refusal(file.dump()), "") << field;
    file[json::json_pointer(field)] = -1;
    EXPECT_NE(refusal(file.dump()), "") << field;
  }
}

TEST(PlacementRates, WhatIsNoSuchFileIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("images/s: 5"), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("is no JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("datamon_rates is missing"));
  EXPECT_THAT(refusal("NaN"), HasSubstr("is no JSON"));
  std::string text = rates_json().dump();
  text.replace(text.find("\"worker_cpu_us\":"), 16, "\"worker_cpu_us\":NaN,\"x\":");
  EXPECT_THAT(refusal(text), HasSubstr("is no JSON"));
  json newer = rates_json();
  newer["datamon_rates"] = 2;
  EXPECT_THAT(refusal(newer.dump()), HasSubstr("datamon_rates is 2; this program reads 1"));
  json without = rates_json();
  without["placements"]["cpu"] = nullptr;
  EXPECT_THAT(refusal(without.dump()), HasSubstr("placements.cpu is missing"));
  EXPECT_THAT(refusal(std::string(200'000, ' ')), HasSubstr("more than"));
  EXPECT_THAT(refusal(std::string(30'000, '[')), HasSubstr("nests too deep"));
}

TEST(PlacementRates, FilesThatCannotBeReadAreRefused) {
  const datamon::test::TemporaryFolder folder;
  EXPECT_THROW(read_placement_rates(folder.path() / "missing"), RatesError);
  EXPECT_THROW(read_placement_rates(folder.path()), RatesError);
  std::ofstream(folder.path() / "empty");
  EXPECT_THROW(read_placement_rates(folder.path() / "empty"), RatesError);
  EXPECT_THROW(read_placement_rates("/dev/zero"), RatesError);
  std::ofstream(folder.path() / "rates.json") << rates_json().dump();
  EXPECT_TRUE(read_placement_rates(folder.path() / "rates.json").of(Placement::kGpu));
}

// Whatever bytes change: an error of ours, or rates within their bounds.
TEST(PlacementRatesProperty, DamageIsRefusedOrHarmless) {
  const std::string whole = rates_json().dump();
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    datamon::testing::Draw draw(seed);
    std::string text = whole;
    for (int i = draw.whole(1, 6); i > 0; --i) {
      const auto at = static_cast<std::size_t>(draw.whole(0, static_cast<int>(text.size()) - 1));
      text[at] = draw.one_in(2) ? "0123456789-eE.,:\"{}[]"[draw.whole(0, 20)]
                                : static_cast<char>(draw.whole(0, 255));
    }
    if (draw.one_in(4)) text.resize(static_cast<std::size_t>(draw.whole(0, 400)));
    try {
      const PlacementRates rates = parse_placement_rates(text, "rates.json");
      for (const Placement placement : kPlacements) {
        const auto& rate = rates.of(placement);
        if (!rate) continue;
        EXPECT_TRUE(rate->worker_cpu_s > 0 && rate->worker_cpu_s <= 100) << seed;
        EXPECT_TRUE(placement == Placement::kCpu || rate->device_s > 0) << seed;
        EXPECT_TRUE(rate->device_s <= 100 && rate->copy_s >= 0 && rate->copy_s <= 100) << seed;
      }
    } catch (const RatesError&) {
    }
  }
}

}  // namespace
}  // namespace datamon::report
