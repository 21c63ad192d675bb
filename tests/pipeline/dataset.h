// Temporary folders with real JPEGs in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "temporary_folder.h"

namespace datamon::pipeline::test {

using datamon::test::TemporaryFolder;

void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file(const std::filesystem::path& path, const std::string& text);

// A JPEG whose header is right and whose image is missing.
void write_undecodable(const std::filesystem::path& path);

// `items` JPEGs of various sizes (60 to 160 pixels, times `scale`) in three classes:
// folder/class_a/0000.jpg, ...
void make_dataset(const std::filesystem::path& folder, int items, int scale = 1);

// Packs the folder's content with the system's tar; `format` as tar's --format.
void pack_tar(const std::filesystem::path& folder, const std::filesystem::path& archive,
              const std::string& format = "gnu");

}  // namespace datamon::pipeline::test
