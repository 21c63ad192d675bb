// What an image costs, measured by really loading images.
#include "pipeline/rates.h"

#include <gtest/gtest.h>

#include "dataset.h"
#include "go_on.h"
#include "jpeg_writer.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"

namespace datamon::pipeline::test {
namespace {

void add_image(const std::filesystem::path& path, int width, int height, std::size_t& bytes) {
  JpegKind kind;
  kind.width = width;
  kind.height = height;
  const auto file = make_jpeg(kind);
  bytes += file.size();
  write_file(path, file);
}

TEST(ImageStatistics, AreOfTheImagesThatCanBeRead) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "a");
  std::size_t bytes = 0;
  add_image(folder.path() / "a" / "1.jpg", 40, 30, bytes);
  add_image(folder.path() / "a" / "2.jpg", 60, 50, bytes);
  write_file(folder.path() / "a" / "3.jpg", "not a JPEG");
  const ImageStatistics of = image_statistics(*Source::open(folder.path()));
  EXPECT_EQ(of.images, 2u);
  EXPECT_DOUBLE_EQ(of.mean_pixels, (40 * 30 + 60 * 50) / 2.0);
  EXPECT_DOUBLE_EQ(of.mean_bytes, static_cast<double>(bytes) / 2);
}

TEST(ImageStatistics, OfNothingAreAnError) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "a");
  write_file(folder.path() / "a" / "1.jpg", "not a JPEG");
  EXPECT_THROW(image_statistics(*Source::open(folder.path())), PipelineError);
}

TEST(Rates, OfTheCpuAreThoseOfARun) {
  TemporaryFolder folder;
  make_dataset(folder.path(), 30);
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.workers = 1;
  options.batch = 4;
  options.size = 32;
  options.slow.push_back(parse_slow("decode=+50ms"));  // these and the next do not count
  options.steps = 1;
  options.compute_ms = 1000;
  const MeasuredRates rates = measure_rates(*source, options, 1, kGoOn);
  ASSERT_TRUE(rates.of(Backend::cpu));
  const PlacementRate& cpu = *rates.of(Backend::cpu);
  EXPECT_GT(cpu.images, 8u);
  EXPECT_GT(cpu.worker_cpu_us, 1);
  EXPECT_LT(cpu.worker_cpu_us, 50'000);
  EXPECT_EQ(cpu.device_us, 0);
  for (const Backend backend : {Backend::hybrid, Backend::gpu}) {
    const bool measured = rates.of(backend).has_value();
    EXPECT_NE(measured, !rates.why_not[static_cast<std::size_t>(backend)].empty());
  }
}

// What workers burn is theirs, what the consumer burns is its own.
TEST(Rates, CpuTimeIsPutDownToItsThread) {
  TemporaryFolder folder;
  make_dataset(folder.path(), 8);
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.workers = 2;
  options.batch = 2;
  options.size = 16;
  options.compute = ComputeKind::burn;
  options.compute_ms = 20;
  options.slow.push_back(parse_slow("decode=+30ms"));
  for (const WorkerKind kind : {WorkerKind::thread, WorkerKind::process}) {
    options.worker_kind = kind;
    const RunSummary summary = run_pipeline(*source, options, kGoOn);
    EXPECT_GE(summary.worker_cpu_s, 8 * 0.030) << to_string(kind);
    EXPECT_GE(summary.consumer_cpu_s, 4 * 0.020) << to_string(kind);
    EXPECT_LT(summary.consumer_cpu_s, 8 * 0.030) << to_string(kind);
    EXPECT_GE(summary.cpu_s + 1e-3, summary.consumer_cpu_s) << to_string(kind);
  }
}

TEST(Rates, EndWhenInterrupted) {
  TemporaryFolder folder;
  make_dataset(folder.path(), 8);
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.workers = 1;
  options.batch = 2;
  options.size = 16;
  const StopFlag stop{15};
  EXPECT_NO_THROW(measure_rates(*source, options, 60, stop));
}

}  // namespace
}  // namespace datamon::pipeline::test
