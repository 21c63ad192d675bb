// What a trainer relies on: the same batches whoever makes them, in order, and bounded.
#include "pipeline/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "dataset.h"
#include "go_on.h"
#include "jpeg_writer.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"

namespace datamon::pipeline::test {
namespace {

constexpr int kItems = 50;

// One data set for all tests of this file.
const std::filesystem::path& dataset() {
  static const TemporaryFolder folder;
  static const bool made = (make_dataset(folder.path() / "set", kItems), true);
  static const std::filesystem::path path = made ? folder.path() / "set" : "";
  return path;
}

PipelineOptions small_options() {
  PipelineOptions options;
  options.size = 32;
  options.batch = 8;
  options.seed = 7;
  options.digest = true;
  return options;
}

struct Makers {
  int workers;
  WorkerKind kind;
  int prefetch;
  bool new_workers;
};

std::uint64_t digest_of(const Source& source, PipelineOptions options, const Makers& makers) {
  options.workers = makers.workers;
  options.worker_kind = makers.kind;
  options.prefetch = makers.prefetch;
  options.new_workers = makers.new_workers;
  return run_pipeline(source, options, kGoOn).digest;
}

TEST(Loader, SameBatchesWhoeverMakesThem) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  options.epochs = 3;
  const std::uint64_t expected = digest_of(*source, options, {0, WorkerKind::thread, 1, false});
  ASSERT_NE(expected, 0u);
  for (const WorkerKind kind : {WorkerKind::thread, WorkerKind::process})
    for (const int workers : {1, 2, 3, 5})
      for (const int prefetch : {1, 3})
        for (const bool new_workers : {false, true})
          EXPECT_EQ(digest_of(*source, options, {workers, kind, prefetch, new_workers}), expected)
              << to_string(kind) << " x " << workers << " prefetch " << prefetch << " new "
              << new_workers;
}

TEST(Loader, SameBatchesInEveryLayoutTwice) {
  const auto source = Source::open(dataset());
  std::set<std::uint64_t> digests;
  for (const SampleFormat layout :
       {SampleFormat::float32_nchw, SampleFormat::float16_nchw, SampleFormat::uint8_nhwc}) {
    PipelineOptions options = small_options();
    options.layout = layout;
    const auto first = digest_of(*source, options, {0, WorkerKind::thread, 1, false});
    EXPECT_EQ(first, digest_of(*source, options, {2, WorkerKind::process, 2, false}));
    digests.insert(first);
  }
  EXPECT_EQ(digests.size(), 3u);
}

TEST(Loader, AnotherSeedGivesOtherBatches) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  const auto first = digest_of(*source, options, {0, WorkerKind::thread, 1, false});
  options.seed = 8;
  EXPECT_NE(first, digest_of(*source, options, {0, WorkerKind::thread, 1, false}));
}

TEST(Loader, EveryEpochHoldsEveryItemOnceInBatchesNumberedOnwards) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  options.workers = 3;
  options.epochs = 2;
  Loader loader(*source, options, kGoOn);
  std::uint64_t number = 0;
  std::vector<std::uint32_t> order[2];
  while (const auto batch = loader.next()) {
    EXPECT_EQ(batch->number, number);
    EXPECT_EQ(batch->worker, static_cast<int>(number % 3));
    ++number;
    ASSERT_LT(batch->epoch, 2u);
    for (std::size_t i = 0; i < batch->count(); ++i) {
      order[batch->epoch].push_back(batch->items[i]);
      EXPECT_EQ(batch->labels[i], source->label(batch->items[i]));
    }
  }
  EXPECT_EQ(number, 14u);  // 2 x (6 full ones and one of 2)
  EXPECT_NE(order[0], order[1]);
  for (const auto& items : order) {
    EXPECT_EQ(items.size(), static_cast<std::size_t>(kItems));
    EXPECT_EQ(std::set<std::uint32_t>(items.begin(), items.end()).size(), items.size());
  }
}

TEST(Loader, DropLastAndNoShuffle) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  options.drop_last = true;
  options.shuffle = false;
  Loader loader(*source, options, kGoOn);
  std::uint32_t expected = 0;
  while (const auto batch = loader.next()) {
    EXPECT_EQ(batch->count(), 8u);
    for (const std::uint32_t item : batch->items) EXPECT_EQ(item, expected++);
  }
  EXPECT_EQ(expected, 48u);
}

TEST(Loader, MoreThanTheDataInOneBatch) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  options.batch = 64;
  options.workers = 2;
  Loader whole(*source, options, kGoOn);
  EXPECT_EQ(whole.next()->count(), static_cast<std::size_t>(kItems));
  EXPECT_FALSE(whole.next());
  options.drop_last = true;
  Loader none(*source, options, kGoOn);
  EXPECT_FALSE(none.next());
}

TEST(Loader, StepsEndTheRunAcrossEpochs) {
  const auto source = Source::open(dataset());
  PipelineOptions options = small_options();
  options.steps = 17;
  options.workers = 2;
  const RunSummary summary = run_pipeline(*source, options, kGoOn);
  EXPECT_EQ(summary.steps, 17u);
  EXPECT_EQ(summary.epochs, 3u);
  EXPECT_EQ(summary.ended_by, EndedBy::steps);
}

// Reads of a real source, counted.
class CountingSource : public Source {
 public:
  explicit CountingSource(const std::filesystem::path& path)
      : Source(path.string()), inner_(Source::open(path)) {
    for (std::size_t i = 0; i < inner_->size(); ++i) table_.add(inner_->name(i), 0, 0);
    table_.finish(0);
  }
  std::string read(std::size_t index, ReadBuffer& buffer) const override {
    ++reads_;
    return inner_->read(index, buffer);
  }
  int reads() const { return reads_.load(); }

 private:
  std::unique_ptr<Source> inner_;
  mutable std::atomic<int> reads_{0};
};

// Waits until so many were read, however slow the machine, and then for more to come.
int settled_reads(const CountingSource& source, int expected) {
  for (int i = 0; i < 6000 && source.reads() < expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  return source.reads();
}

TEST(Loader, WorkersStopAtThePrefetchDepth) {
  const CountingSource source(dataset());
  PipelineOptions options = small_options();
  options.batch = 4;
  options.epochs = 10;
  options.workers = 2;
  options.prefetch = 3;
  Loader loader(source, options, kGoOn);
  EXPECT_EQ(settled_reads(source, 2 * 3 * 4), 2 * 3 * 4);
  ASSERT_TRUE(loader.next());
  EXPECT_EQ(settled_reads(source, (2 * 3 + 1) * 4), (2 * 3 + 1) * 4);
  ASSERT_TRUE(loader.next());
  EXPECT_EQ(settled_reads(source, (2 * 3 + 2) * 4), (2 * 3 + 2) * 4);
}

TEST(Loader, NewWorkersDoNotPrefetchAcrossEpochs) {
  const CountingSource source(dataset());
  PipelineOptions options = small_options();
  options.batch = 25;
  options.epochs = 2;
  options.workers = 4;
  options.prefetch = 4;
  options.new_workers = true;
  Loader loader(source, options, kGoOn);
  EXPECT_EQ(settled_reads(source, kItems), kItems);
  ASSERT_TRUE(loader.next());
  ASSERT_TRUE(loader.next());
  EXPECT_EQ(settled_reads(source, kItems), kItems);
  ASSERT_TRUE(loader.next());
  EXPECT_EQ(settled_reads(source, 2 * kItems), 2 * kItems);
}

TEST(Loader, LeavingEarlyEndsTheWorkers) {
  const auto source = Source::open(dataset());
  for (const WorkerKind kind : {WorkerKind::thread, WorkerKind::process}) {
    PipelineOptions options = small_options();
    options.workers = 3;
    options.worker_kind = kind;
    options.epochs = 1000;
    Loader loader(*source, options, kGoOn);
    EXPECT_TRUE(loader.next());
  }
}

TEST(Loader, RefusesOptionsThatMakeNoSense) {
  const auto source = Source::open(dataset());
  const auto refused = [&](auto change) {
    PipelineOptions options = small_options();
    change(options);
    EXPECT_THROW(Loader(*source, options, kGoOn), PipelineError);
  };
  refused([](PipelineOptions& options) { options.workers = -1; });
  refused([](PipelineOptions& options) { options.batch = 0; });
  refused([](PipelineOptions& options) { options.prefetch = 0; });
  refused([](PipelineOptions& options) { options.size = 0; });
  refused([](PipelineOptions& options) { options.slow = {parse_slow("worker0=x2")}; });
  refused([](PipelineOptions& options) {
    options.size = 4096;
    options.batch = 65536;
    options.workers = 100;
  });
}

}  // namespace
}  // namespace datamon::pipeline::test
