#include "dataset.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "jpeg_writer.h"

namespace datamon::pipeline::test {

void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void write_undecodable(const std::filesystem::path& path) {
  JpegKind kind;
  kind.width = 90;
  kind.height = 80;
  std::vector<std::uint8_t> file = make_jpeg(kind);
  std::size_t scan = 0;
  while (file[scan] != 0xff || file[scan + 1] != 0xda) ++scan;
  file.resize(scan + 20);
  file.insert(file.end(), {0xff, 0xd9});
  write_file(path, file);
}

void make_dataset(const std::filesystem::path& folder, int items, int scale) {
  for (int i = 0; i < items; ++i) {
    JpegKind kind;
    kind.seed = static_cast<unsigned>(i + 1);
    kind.width = scale * (60 + i * 37 % 101);
    kind.height = scale * (60 + i * 53 % 97);
    const char name = static_cast<char>('a' + i % 3);
    write_file(folder / fmt::format("class_{}", name) / fmt::format("{:04}.jpg", i),
               make_jpeg(kind));
  }
}

void pack_tar(const std::filesystem::path& folder, const std::filesystem::path& archive,
              const std::string& format) {
  const std::string command =
      fmt::format("tar --format={} -cf '{}' -C '{}' .", format, archive.string(), folder.string());
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command + " failed");
}

}  // namespace datamon::pipeline::test
