// The program's flags for the GPU, as a user meets them; mostly on machines without one.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataset.h"
#include "program.h"

namespace datamon::pipeline::test {
namespace {

using nlohmann::json;

class GpuProgram : public testing::Test {
 protected:
  GpuProgram() { make_dataset(folder.path(), 12); }
  Outcome run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), folder.path().string());
    return run_program(std::move(arguments));
  }
  TemporaryFolder folder;
};

TEST_F(GpuProgram, WithoutAGpuSaysInOneLineWhatIsMissing) {
  for (const std::string backend : {"hybrid", "gpu"}) {
    const Outcome outcome = run({"--backend", backend, "--steps", "1"});
    if (outcome.exit_code == 0) GTEST_SKIP() << "there is a GPU";
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.find("datamon-pipeline: --backend " + backend + ": "), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find("use --backend "), std::string::npos) << outcome.err;
  }
}

TEST_F(GpuProgram, OnTheCpuThereIsNoDevice) {
  const Outcome outcome = run({"--backend", "cpu", "--json", "--size", "32", "--batch", "4"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const json summary = json::parse(outcome.out);
  EXPECT_EQ(summary["options"]["backend"], "cpu");
  EXPECT_TRUE(summary["device"].is_null());
  EXPECT_FALSE(summary["memory"].contains("device_bytes"));
}

TEST_F(GpuProgram, TakesTheLargestBatchForABudget) {
  const auto batch_for = [&](const std::string& budget) {
    const Outcome outcome = run({"--max-batch", budget, "--json", "--size", "32", "--steps", "1"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const json summary = json::parse(outcome.out);
    EXPECT_LE(summary["memory"]["batches_bytes"], 1 << 20);
    return summary["options"]["batch"].get<int>();
  };
  const int most = batch_for("1MiB");
  EXPECT_GT(most, 70);  // 12 KiB a sample
  EXPECT_LT(most, 86);
  EXPECT_LT(batch_for("500KB"), most / 2 + 1);
}

TEST_F(GpuProgram, RefusesABudgetForNothing) {
  const Outcome outcome = run({"--max-batch", "1KB"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("not even a batch of 1"), std::string::npos) << outcome.err;
}

TEST_F(GpuProgram, WrongFlagsAreSaid) {
  EXPECT_EQ(run({"--backend", "tpu"}).exit_code, 2);
  EXPECT_EQ(run({"--max-batch", "much"}).exit_code, 2);
  EXPECT_EQ(run({"--image-pixels", "0"}).exit_code, 1);
}

}  // namespace
}  // namespace datamon::pipeline::test
