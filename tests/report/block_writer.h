// Lays blocks one after the other, as the format wants them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "format/recording_format.h"

namespace datamon::testing {

class BlockWriter {
 public:
  BlockWriter() : bytes_(format::kBlockAlignment) {}

  // `at_least`: how long the block is if its content is shorter.
  void block(format::BlockType type, std::uint32_t track, const void* content,
             std::size_t content_bytes, std::uint64_t count, std::size_t at_least = 0,
             std::uint64_t first = 0) {
    constexpr std::size_t page = format::kBlockAlignment;
    const std::size_t needed = sizeof(format::BlockHeader) + content_bytes;
    const std::size_t whole = (std::max(needed, at_least) + page - 1) / page * page;
    format::BlockHeader header{};
    header.magic = format::kBlockMagic;
    header.type = static_cast<std::uint16_t>(type);
    header.bytes = static_cast<std::uint32_t>(whole);
    header.track = track;
    header.count = count;
    header.first = first;
    const std::size_t at = bytes_.size();
    bytes_.resize(at + whole);
    std::memcpy(bytes_.data() + at, &header, sizeof header);
    if (content_bytes > 0) std::memcpy(bytes_.data() + at + sizeof header, content, content_bytes);
  }

  // The whole file; `header` gets its lengths.
  std::vector<std::byte> file(format::FileHeader header) {
    header.allocated_bytes = bytes_.size();
    header.max_bytes = std::max<std::uint64_t>(header.max_bytes, bytes_.size());
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace datamon::testing
