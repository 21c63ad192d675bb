#include "elf_program.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace datamon::cli {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Entry = ElfW(Dyn);

constexpr std::size_t kMostSegments = 512, kMostEntries = 8192, kMostName = 4096;

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path, std::ios::binary) {}

  template <typename T>
  bool read(std::uint64_t offset, T& to) {
    return bytes(offset, reinterpret_cast<char*>(&to), sizeof to);
  }

  // A text that ends with NUL, or "".
  std::string text(std::uint64_t offset) {
    std::string out(kMostName, '\0');
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(out.data(), static_cast<std::streamsize>(out.size()));
    const auto got = static_cast<std::size_t>(std::max<std::streamsize>(file_.gcount(), 0));
    const std::size_t end = out.find('\0');
    return end < got ? out.substr(0, end) : "";
  }

 private:
  bool bytes(std::uint64_t offset, char* to, std::size_t count) {
    if (offset > static_cast<std::uint64_t>(INT64_MAX)) return false;
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(to, static_cast<std::streamsize>(count));
    return file_.gcount() == static_cast<std::streamsize>(count);
  }

  std::ifstream file_;
};

// Where in the file an address of the running program lies; 0 if nowhere.
std::uint64_t offset_of(std::uint64_t address, const std::vector<Segment>& segments) {
  for (const Segment& segment : segments)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return segment.p_offset + (address - segment.p_vaddr);
  return 0;
}

std::vector<std::string> needed_libraries(Reader& reader, const std::vector<Segment>& segments) {
  std::vector<std::uint64_t> names;
  std::uint64_t strings = 0;
  for (const Segment& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const std::size_t count = std::min<std::size_t>(segment.p_filesz / sizeof(Entry), kMostEntries);
    for (std::size_t i = 0; i < count; ++i) {
      Entry entry{};
      if (!reader.read(segment.p_offset + i * sizeof entry, entry) || entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED) names.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_STRTAB) strings = offset_of(entry.d_un.d_ptr, segments);
    }
  }
  std::vector<std::string> libraries;
  if (strings == 0) return libraries;
  for (const std::uint64_t name : names) libraries.push_back(reader.text(strings + name));
  return libraries;
}

}  // namespace

std::optional<ElfProgram> read_elf_program(const std::filesystem::path& path) {
  Reader reader(path);
  Header header{}, own{};
  if (!reader.read(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return std::nullopt;
  ElfProgram program;
  const bool own_known = Reader("/proc/self/exe").read(0, own);
  program.is_ours = own_known && header.e_machine == own.e_machine &&
                    header.e_ident[EI_CLASS] == own.e_ident[EI_CLASS];
  if (!program.is_ours) return program;
  std::vector<Segment> segments;
  const std::size_t count = std::min<std::size_t>(header.e_phnum, kMostSegments);
  for (std::size_t i = 0; i < count; ++i) {
    Segment segment{};
    if (!reader.read(header.e_phoff + i * sizeof segment, segment)) break;
    segments.push_back(segment);
    if (segment.p_type == PT_INTERP) program.loader = reader.text(segment.p_offset);
  }
  program.needed = needed_libraries(reader, segments);
  return program;
}

}  // namespace datamon::cli
