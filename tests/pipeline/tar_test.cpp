// Archives: the same items as the folder they were made of, and no trust in what they say.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "dataset.h"
#include "go_on.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"
#include "pipeline/source.h"

namespace datamon::pipeline::test {
namespace {

namespace fs = std::filesystem;

void expect_equal_items(const Source& a, const Source& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.classes(), b.classes());
  ReadBuffer from_a, from_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(b.name(i).ends_with(a.name(i))) << a.name(i) << " " << b.name(i);
    EXPECT_EQ(a.label(i), b.label(i));
    ASSERT_EQ(a.read(i, from_a), "");
    ASSERT_EQ(b.read(i, from_b), "");
    EXPECT_TRUE(std::ranges::equal(from_a.bytes(), from_b.bytes()));
  }
}

TEST(Tar, EqualsItsFolderInEveryFormat) {
  const TemporaryFolder folder;
  const fs::path set = folder.path() / "set";
  make_dataset(set, 20);
  // Longer than 100 bytes: ustar's prefix. Longer than 255 below: GNU and pax records.
  const fs::path deep = set / "class_b" / std::string(90, 'd') / std::string(50, 'e');
  fs::create_directories(deep);
  fs::copy(set / "class_a" / "0000.jpg", deep / "x.jpg");
  const auto expected = Source::open(set);
  for (const char* format : {"gnu", "pax", "ustar"}) {
    const fs::path archive = folder.path() / (std::string(format) + ".tar");
    pack_tar(set, archive, format);
    expect_equal_items(*expected, *Source::open(archive));
  }
  fs::copy(set / "class_a" / "0000.jpg", deep / (std::string(240, 'f') + ".jpg"));
  const auto longer = Source::open(set);
  for (const char* format : {"gnu", "pax"}) {
    pack_tar(set, folder.path() / "long.tar", format);
    expect_equal_items(*longer, *Source::open(folder.path() / "long.tar"));
  }
}

TEST(Tar, GivesTheSameBatchesAsTheFolder) {
  const TemporaryFolder folder;
  make_dataset(folder.path() / "set", 20);
  pack_tar(folder.path() / "set", folder.path() / "set.tar");
  PipelineOptions options;
  options.size = 32;
  options.batch = 6;
  options.digest = true;
  const auto digest = [&](const fs::path& path) {
    return run_pipeline(*Source::open(path), options, kGoOn).digest;
  };
  EXPECT_EQ(digest(folder.path() / "set"), digest(folder.path() / "set.tar"));
}

TEST(Tar, FoldersAboveTheClassesAreNoClass) {
  const TemporaryFolder folder;
  make_dataset(folder.path() / "in" / "data" / "train", 6);
  pack_tar(folder.path() / "in", folder.path() / "deep.tar");
  EXPECT_EQ(Source::open(folder.path() / "deep.tar")->classes(),
            (std::vector<std::string>{"class_a", "class_b", "class_c"}));
  // One class alone keeps its name.
  fs::remove_all(folder.path() / "in" / "data" / "train" / "class_a");
  fs::remove_all(folder.path() / "in" / "data" / "train" / "class_c");
  pack_tar(folder.path() / "in", folder.path() / "one.tar");
  EXPECT_EQ(Source::open(folder.path() / "one.tar")->classes(),
            (std::vector<std::string>{"class_b"}));
}

TEST(Tar, LatestOfOneNameCounts) {
  const TemporaryFolder folder;
  const fs::path set = folder.path() / "set";
  make_dataset(set, 6);
  pack_tar(set, folder.path() / "set.tar");
  write_file(set / "class_a" / "0000.jpg", std::string("newer"));
  const std::string append = "tar -rf '" + (folder.path() / "set.tar").string() + "' -C '" +
                             set.string() + "' ./class_a/0000.jpg";
  ASSERT_EQ(std::system(append.c_str()), 0);
  expect_equal_items(*Source::open(set), *Source::open(folder.path() / "set.tar"));
}

TEST(Tar, LinksAreLeftOutAndSaid) {
  const TemporaryFolder folder;
  const fs::path set = folder.path() / "set";
  make_dataset(set, 6);
  fs::create_symlink("0000.jpg", set / "class_a" / "link.jpg");
  pack_tar(set, folder.path() / "set.tar");
  const auto source = Source::open(folder.path() / "set.tar");
  EXPECT_EQ(source->size(), 6u);
  ASSERT_EQ(source->remarks().size(), 1u);
}

class HostileTar : public testing::Test {
 protected:
  void SetUp() override {
    make_dataset(folder_.path() / "set", 3);
    pack_tar(folder_.path() / "set", archive(), "pax");
    std::ifstream file(archive(), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  fs::path archive() const { return folder_.path() / "set.tar"; }

  // Opens the archive with these bytes and reads all of it; an error must name archive and byte.
  void open(const std::string& bytes) const {
    write_file(archive(), bytes);
    try {
      const auto source = Source::open(archive());
      ReadBuffer buffer;
      for (std::size_t i = 0; i < source->size(); ++i) source->read(i, buffer);
    } catch (const PipelineError& error) {
      EXPECT_NE(std::string(error.what()).find(archive().string()), std::string::npos);
    }
  }

  TemporaryFolder folder_;
  std::string bytes_;
};

TEST_F(HostileTar, CutAnywhere) {
  for (std::size_t size = 0; size < bytes_.size(); size += size < 4096 ? 37 : 1023)
    open(bytes_.substr(0, size));
}

TEST_F(HostileTar, CutInsideAFileIsAnError) {
  write_file(archive(), bytes_.substr(0, 2048 + 700));
  EXPECT_THROW(Source::open(archive()), PipelineError);
}

// Header 0 with its checksum made right again, so that the damage is met and not the checksum.
std::string with_checksum(std::string bytes) {
  std::memset(bytes.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[i]);
  std::snprintf(bytes.data() + 148, 8, "%06o", sum);
  return bytes;
}

TEST_F(HostileTar, BytesChangedWithARightChecksum) {
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    std::string bytes = bytes_;
    for (int changes = 0; changes < 3; ++changes)
      bytes[random() % 512] = static_cast<char>(random() % 256);
    open(with_checksum(bytes));
  }
}

TEST_F(HostileTar, RandomBytesAnywhere) {
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = bytes_;
    for (int changes = 0; changes < 20; ++changes)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    open(bytes);
  }
}

TEST_F(HostileTar, SizesThatOverflow) {
  for (const char* size : {"77777777777", "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "-0000000001"}) {
    for (const char type : {'0', 'L', 'x', 'g', 'S'}) {
      std::string bytes = bytes_;
      std::memcpy(bytes.data() + 124, size, 11);
      bytes[156] = type;
      write_file(archive(), with_checksum(bytes));
      EXPECT_THROW(Source::open(archive()), PipelineError) << size << type;
    }
  }
}

TEST_F(HostileTar, ArchiveCutWhileInUseIsAnItemError) {
  const auto source = Source::open(archive());
  fs::resize_file(archive(), 600);
  ReadBuffer buffer;
  EXPECT_NE(source->read(source->size() - 1, buffer), "");
}

}  // namespace
}  // namespace datamon::pipeline::test
