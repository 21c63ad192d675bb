#include "report/live_check.h"

#include <cstring>
#include <fstream>

namespace datamon::report {

using format::BlockHeader;

bool merged_since(const std::filesystem::path& path, std::span<const std::byte> snapshot,
                  const format::FileHeader& header) {
  std::ifstream file(path, std::ios::binary);
  for (std::uint64_t offset = header.header_bytes;
       offset < header.allocated_bytes && header.allocated_bytes - offset >= sizeof(BlockHeader);) {
    BlockHeader before;
    std::memcpy(&before, snapshot.data() + offset, sizeof before);
    const bool is_block = before.magic == format::kBlockMagic && before.bytes != 0 &&
                          before.bytes % format::kBlockAlignment == 0;
    if (is_block && before.type == static_cast<std::uint16_t>(format::BlockType::kTrack)) {
      BlockHeader now;
      file.seekg(static_cast<std::streamoff>(offset));
      if (!file.read(reinterpret_cast<char*>(&now), sizeof now)) return false;
      if (now.active != before.active) return true;
    }
    offset += is_block ? before.bytes : format::kBlockAlignment;
  }
  return false;
}

}  // namespace datamon::report
