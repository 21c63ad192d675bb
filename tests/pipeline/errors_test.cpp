// Bad images and bad data sets: named, counted, and never the end of the process unless asked.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "dataset.h"
#include "go_on.h"
#include "jpeg_writer.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"
#include "pipeline/loader.h"
#include "program.h"

namespace datamon::pipeline::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::vector<std::uint8_t> cut(std::vector<std::uint8_t> file, double share) {
  file.resize(static_cast<std::size_t>(static_cast<double>(file.size()) * share));
  return file;
}

// Every kind of file that is not a JPEG to be used.
int add_bad_files(const fs::path& folder) {
  const std::vector<std::uint8_t> good = make_jpeg({});
  write_file(folder / "class_b" / "truncated.jpg", cut(good, 0.5));
  write_file(folder / "class_b" / "cut-in-header.jpg", cut(good, 0.05));
  write_file(folder / "class_b" / "empty.jpg", std::string());
  write_file(folder / "class_b" / "not-a-jpeg.jpg", std::string("GIF89a is no JPEG"));
  write_file(folder / "class_b" / "quote\"and\nnewline\xff.jpg", std::string(1, '\0'));
  fs::create_symlink("nowhere.jpg", folder / "class_b" / "dangling.jpg");
  return 6;
}

// Rare kinds that can be used all the same.
int add_rare_files(const fs::path& folder) {
  const auto add = [&](const char* name, const JpegKind& kind) {
    write_file(folder / "class_c" / name, make_jpeg(kind));
  };
  add("grey.jpg", {.components = 1});
  add("cmyk.jpg", {.components = 4});
  add("progressive.jpg", {.progressive = true});
  add("arithmetic.jpg", {.arithmetic = true});
  add("rotated.jpg", {.rotated_by_exif = true});
  add("one-pixel.jpg", {.width = 1, .height = 1});
  add("wide.jpg", {.width = 20000, .height = 3});
  return 7;
}

TEST(Errors, SkippedOnesAreNamedCountedAndReplaced) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 30);
  const int bad = add_bad_files(folder.path());
  const int rare = add_rare_files(folder.path());
  for (const char* kind : {"thread", "process"}) {
    const Outcome outcome =
        run_program({folder.path().string(), "--epochs", "2", "--batch", "10", "--size", "32",
                     "--workers", "2", "--worker-kind", kind, "--json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json["items"], 2 * (30 + rare));
    EXPECT_EQ(json["errors"]["count"], 2 * bad);
    const Json& items = json["errors"]["items"];
    ASSERT_EQ(items.size(), static_cast<std::size_t>(bad));
    for (const Json& item : items) {
      EXPECT_EQ(item["count"], 2);
      EXPECT_NE(item["reason"], "");
    }
    EXPECT_EQ(items[0]["item"], "class_b/cut-in-header.jpg");
  }
}

TEST(Errors, FailStopsWithTheFileAndTheReason) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 30);
  write_file(folder.path() / "class_b" / "0000-not-a-jpeg.jpg", std::string("hello"));
  for (const char* workers : {"0", "2"}) {
    const Outcome outcome = run_program({folder.path().string(), "--on-error", "fail", "--batch",
                                         "10", "--size", "32", "--workers", workers});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("class_b/0000-not-a-jpeg.jpg: "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--on-error skip"), std::string::npos) << outcome.err;
  }
}

TEST(Errors, TheNextGoodItemOfTheBatchStandsIn) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 6);
  write_file(folder.path() / "class_a" / "0001.jpg", std::string("bad"));
  write_file(folder.path() / "class_z" / "9999.jpg", std::string("bad"));
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.batch = 4;
  options.size = 16;
  options.shuffle = false;
  Loader loader(*source, options, kGoOn);
  auto batch = loader.next();
  ASSERT_EQ(batch->count(), 4u);
  EXPECT_EQ(std::vector<std::uint32_t>(batch->items.begin(), batch->items.end()),
            (std::vector<std::uint32_t>{0, 2, 2, 3}));
  ASSERT_EQ(batch->failures.size(), 1u);
  EXPECT_EQ(batch->failures[0].item, 1u);
  const std::size_t image = batch->pixels.size() / 4;
  EXPECT_TRUE(std::equal(batch->pixels.begin() + image, batch->pixels.begin() + 2 * image,
                         batch->pixels.begin() + 2 * image));
  EXPECT_EQ(batch->labels[1], batch->labels[2]);
  batch = loader.next();  // 4, 5, 6 and the bad 7: the first stands in, round the end
  EXPECT_EQ(std::vector<std::uint32_t>(batch->items.begin(), batch->items.end()),
            (std::vector<std::uint32_t>{4, 5, 6, 4}));
  EXPECT_FALSE(loader.next());
}

TEST(Errors, ABatchWithoutAGoodItemIsLeftOut) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 6);
  for (const char* name : {"0.jpg", "1.jpg", "2.jpg"})
    write_file(folder.path() / "class_0" / name, std::string("bad"));
  const auto source = Source::open(folder.path());
  PipelineOptions options;
  options.batch = 3;
  options.size = 16;
  options.shuffle = false;
  options.workers = 2;
  const RunSummary summary = run_pipeline(*source, options, kGoOn);
  EXPECT_EQ(summary.steps, 2u);
  EXPECT_EQ(summary.items, 6u);
  EXPECT_EQ(summary.empty_batches, 1u);
  EXPECT_EQ(summary.failed_items, 3u);
}

TEST(Errors, NothingGoodAtAllIsAnError) {
  const TemporaryFolder folder;
  for (int i = 0; i < 10; ++i)
    write_file(folder.path() / "a" / (std::to_string(i) + ".jpg"), std::string("bad"));
  const Outcome outcome =
      run_program({folder.path().string(), "--seconds", "100", "--workers", "2", "--batch", "3"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("not one image of a whole epoch"), std::string::npos) << outcome.err;
}

TEST(Errors, FilesThatVanishAreNamed) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 12);
  const auto source = Source::open(folder.path());
  fs::remove_all(folder.path() / "class_b");
  PipelineOptions options;
  options.batch = 12;
  options.size = 16;
  const RunSummary summary = run_pipeline(*source, options, kGoOn);
  EXPECT_EQ(summary.items, 8u);
  ASSERT_EQ(summary.problems.size(), 4u);
  EXPECT_NE(summary.problems.begin()->second.reason.find("gone"), std::string::npos);
}

// Becomes a user without rights for as long as it lives, where the tests run as root.
class WithoutRights {
 public:
  WithoutRights() : was_(geteuid()) {
    if (was_ == 0 && seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  ~WithoutRights() {
    if (was_ == 0 && seteuid(was_) != 0) abort();
  }

 private:
  uid_t was_;
};

TEST(Errors, UnreadableFilesAndFoldersAreNamed) {
  const TemporaryFolder folder;
  make_dataset(folder.path(), 6);
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(folder.path() / "class_a" / "0000.jpg", fs::perms::none);
  fs::permissions(folder.path() / "class_c", fs::perms::none);
  const WithoutRights poor;
  const auto source = Source::open(folder.path());
  EXPECT_EQ(source->size(), 4u);
  ASSERT_EQ(source->remarks().size(), 1u);
  EXPECT_NE(source->remarks()[0].find("class_c"), std::string::npos);
  ReadBuffer buffer;
  EXPECT_EQ(source->read(0, buffer), "Permission denied");
  EXPECT_EQ(source->read(1, buffer), "");
}

void expect_refused(const std::string& dataset, const std::string& reason) {
  const Outcome outcome = run_program({dataset});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find(reason), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(dataset), std::string::npos) << outcome.err;
}

TEST(Errors, DataSetsThatAreNoneSayWhatToName) {
  const TemporaryFolder folder;
  expect_refused((folder.path() / "missing").string(), "No such file");
  fs::create_directories(folder.path() / "empty" / "class_a");
  expect_refused((folder.path() / "empty").string(), "1 folder without a JPEG");
  write_file(folder.path() / "text.tar", std::string(5000, 'x'));
  expect_refused((folder.path() / "text.tar").string(), "not a tar archive");
  write_file(folder.path() / "empty.tar", std::string());
  expect_refused((folder.path() / "empty.tar").string(), "not a tar archive");
  expect_refused("/dev/null", "not a regular file");
}

TEST(Errors, WrongFlagsExitWithTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {}, {".", "--nonsense"}, {".", "--slow", "decode"}, {".", "--worker-kind", "robot"}}) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_NE(outcome.err, "");
  }
}

}  // namespace
}  // namespace datamon::pipeline::test
