// NVML through a real shared library with its symbols (fake_nvml.cpp).
#include "system/nvml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

namespace datamon::system {
namespace {

class NvmlTest : public ::testing::Test {
 protected:
  void TearDown() override { ::unsetenv("DATAMON_FAKE_NVML"); }
  static void mode(const char* chosen) { ::setenv("DATAMON_FAKE_NVML", chosen, 1); }
};

TEST_F(NvmlTest, ReadsEveryGpu) {
  Nvml nvml;
  ASSERT_TRUE(nvml.open(DATAMON_FAKE_NVML_PATH)) << nvml.problem();
  ASSERT_EQ(nvml.gpus(), 2u);
  EXPECT_EQ(nvml.name(1), "Test GPU 1");
  EXPECT_EQ(nvml.driver(), "550.90.07");
  const GpuReading first = nvml.read(0);
  EXPECT_EQ(first.busy_percent, 87);
  EXPECT_EQ(first.memory_busy_percent, 34);
  EXPECT_EQ(first.memory_used_bytes, 11.0 * (1 << 30));
  EXPECT_EQ(first.memory_total_bytes, 80.0 * (1 << 30));
  EXPECT_EQ(first.sm_clock_mhz, 1755);
  EXPECT_EQ(first.throttle_reasons, 4);
  EXPECT_EQ(first.decoder_percent, 5);
  EXPECT_TRUE(std::isnan(first.jpeg_percent));            // no such function
  EXPECT_TRUE(std::isnan(nvml.read(1).decoder_percent));  // not supported
  EXPECT_EQ(nvml.pcie_bytes_per_s(0, PcieDirection::kHostToDevice), 2e9);
  EXPECT_EQ(nvml.pcie_bytes_per_s(0, PcieDirection::kDeviceToHost), 3e6);
  EXPECT_TRUE(std::isnan(nvml.read(2).busy_percent));  // out of range
  EXPECT_TRUE(std::isnan(nvml.pcie_bytes_per_s(99, PcieDirection::kHostToDevice)));
}

TEST_F(NvmlTest, ALostGpuKeepsItsNumber) {
  mode("lost");
  Nvml nvml;
  ASSERT_TRUE(nvml.open(DATAMON_FAKE_NVML_PATH));
  EXPECT_EQ(nvml.gpus(), 2u);
  EXPECT_TRUE(std::isnan(nvml.read(0).busy_percent));
  EXPECT_EQ(nvml.read(1).busy_percent, 12);
}

TEST_F(NvmlTest, SaysWhyThereIsNothing) {
  const auto problem = [](const char* library) {
    Nvml nvml;
    EXPECT_FALSE(nvml.open(library));
    EXPECT_EQ(nvml.gpus(), 0u);
    return std::string(nvml.problem());
  };
  mode("refuse");
  EXPECT_EQ(problem(DATAMON_FAKE_NVML_PATH), "NVML does not start: Driver Not Loaded");
  mode("none");
  EXPECT_NE(problem(DATAMON_FAKE_NVML_PATH).find("no GPU is visible"), std::string::npos);
  EXPECT_NE(problem("libno-such-library.so").find("no NVIDIA driver library"), std::string::npos);
  EXPECT_NE(problem("libc.so.6").find("not an NVML library"), std::string::npos);
}

}  // namespace
}  // namespace datamon::system
