#include "pipeline/tar_index.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "pipeline/error.h"
#include "pipeline/file.h"

namespace datamon::pipeline {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kMaxExtension = 1 << 20;  // bytes of a long name or of pax records

// POSIX ustar header, as on disk.
struct Header {
  char name[100];
  char mode[8], uid[8], gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[100];
  char magic[6];
  char version[2];
  char user[32], group[32], major[8], minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(Header) == kBlock);

template <std::size_t N>
std::string_view text(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

// Octal digits, or GNU's base 256 when the top bit of the first byte is set.
template <std::size_t N>
std::optional<std::uint64_t> number(const char (&field)[N]) {
  std::uint64_t value = 0;
  if (static_cast<unsigned char>(field[0]) & 0x80) {
    if (static_cast<unsigned char>(field[0]) != 0x80) return std::nullopt;  // negative or huge
    for (std::size_t i = 1; i < N; ++i) {
      if (value >> 56) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(field[i]);
    }
    return value;
  }
  std::size_t i = 0;
  while (i < N && field[i] == ' ') ++i;
  for (; i < N && field[i] != ' ' && field[i] != '\0'; ++i) {
    if (field[i] < '0' || field[i] > '7' || value >> 60) return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(field[i] - '0');
  }
  return value;
}

bool all_zero(const Header& header) {
  static constexpr Header kZero{};
  return std::memcmp(&header, &kZero, sizeof header) == 0;
}

bool checksum_right(const Header& header) {
  const auto stated = number(header.checksum);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  std::uint64_t unsigned_sum = 8 * ' ', signed_sum = 8 * ' ';  // old tars summed signed bytes
  for (std::size_t i = 0; i < sizeof header; ++i) {
    if (i >= offsetof(Header, checksum) && i < offsetof(Header, checksum) + 8) continue;
    unsigned_sum += bytes[i];
    signed_sum += static_cast<std::uint64_t>(static_cast<signed char>(bytes[i]));
  }
  return stated && (*stated == unsigned_sum || *stated == signed_sum);
}

class Scanner {
 public:
  Scanner(int descriptor, const std::string& path,
          const std::function<void(const TarMember&)>& visit)
      : descriptor_(descriptor), path_(path), visit_(visit) {
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
      throw PipelineError(path + ": not a regular file; name a folder or a .tar of JPEGs");
    end_ = static_cast<std::uint64_t>(status.st_size);
  }

  std::uint64_t run() {
    Header header;
    while (next_header(header)) entry(header);
    return passed_over_;
  }

 private:
  [[noreturn]] void damaged(std::string_view what) const {
    throw PipelineError(fmt::format(
        "{}: {} at byte {}; check it with `tar tf` and pack or copy it again", path_, what, at_));
  }

  void read_exactly(std::uint8_t* to, std::size_t bytes, std::uint64_t offset) const {
    const ssize_t got = read_at(descriptor_, to, bytes, offset);
    if (got < 0) throw PipelineError(fmt::format("{}: {}", path_, std::strerror(errno)));
    if (static_cast<std::size_t>(got) != bytes) damaged("the archive ends early");
  }

  // False at the end: a block of zeros or the end of the file.
  bool next_header(Header& header) {
    if (at_ == end_ && at_ != 0) return false;
    if (end_ - at_ < kBlock) damaged(at_ == 0 ? "not a tar archive" : "the archive ends early");
    read_exactly(reinterpret_cast<std::uint8_t*>(&header), sizeof header, at_);
    if (all_zero(header)) return false;
    if (!checksum_right(header)) damaged(at_ == 0 ? "not a tar archive" : "damaged header");
    return true;
  }

  void entry(const Header& header) {
    const bool extension =
        header.type == 'L' || header.type == 'K' || header.type == 'x' || header.type == 'g';
    const auto stated = number(header.size);
    std::uint64_t bytes = 0;
    if (!extension && pax_size_) {
      bytes = *pax_size_;
    } else if (stated) {
      bytes = *stated;
    } else {
      damaged("a size that is no number");
    }
    // Only these carry data; a link's size field means nothing.
    const bool has_data = extension || header.type == '0' || header.type == '\0' ||
                          header.type == '7' || header.type == 'S';
    if (!has_data) bytes = 0;
    const std::uint64_t data = at_ + kBlock;
    if (bytes > end_ - data) damaged("a file that ends behind the archive's end");
    if (extension) {
      read_extension(header.type, data, bytes);
    } else {
      finish_entry(header, data, bytes);
    }
    const std::uint64_t padded = (bytes + kBlock - 1) / kBlock * kBlock;
    at_ = padded > end_ - data ? end_ : data + padded;  // the last padding may be missing
  }

  void read_extension(char type, std::uint64_t data, std::uint64_t bytes) {
    if (type == 'K' || type == 'g') return;  // link names and defaults: nothing used of them
    if (bytes > kMaxExtension) damaged("a name of more than a megabyte");
    std::string content(bytes, '\0');
    read_exactly(reinterpret_cast<std::uint8_t*>(content.data()), bytes, data);
    if (type == 'L') {
      long_name_ = content.substr(0, content.find('\0'));
    } else {
      read_pax(content);
    }
  }

  // Records "LENGTH KEY=VALUE\n", LENGTH counting all of it.
  void read_pax(std::string_view records) {
    while (!records.empty() && records[0] != '\0') {
      std::uint64_t length = 0;
      const auto [digits_end, error] =
          std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(digits_end - records.data());
      if (error != std::errc() || length > records.size() || length < digits + 3 ||
          records[digits] != ' ' || records[length - 1] != '\n')
        damaged("damaged pax records");
      pax_record(records.substr(digits + 1, length - digits - 2));
      records.remove_prefix(length);
    }
  }

  void pax_record(std::string_view record) {
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) damaged("a pax record without '='");
    const auto key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") {
      pax_name_ = std::string(value);
    } else if (key == "size") {
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (error != std::errc() || end != value.data() + value.size())
        damaged("a pax size that is no number");
      pax_size_ = size;
    } else if (key.starts_with("GNU.sparse.")) {
      sparse_ = true;
    }
  }

  void finish_entry(const Header& header, std::uint64_t data, std::uint64_t bytes) {
    const bool file = (header.type == '0' || header.type == '\0' || header.type == '7') && !sparse_;
    const std::string name = full_name(header);
    if (file && !name.empty() && name.back() != '/') {
      visit_({name, data, bytes});
    } else if (header.type != '5' && !(file && !name.empty())) {
      ++passed_over_;
    }
    long_name_.reset();
    pax_name_.reset();
    pax_size_.reset();
    sparse_ = false;
  }

  std::string full_name(const Header& header) const {
    if (pax_name_) return pax_name_->substr(0, pax_name_->find('\0'));
    if (long_name_) return *long_name_;
    // GNU tar's own format ("ustar  ") uses the prefix field for other things.
    const bool posix = std::memcmp(header.magic, "ustar\0", 6) == 0;
    const auto prefix = posix ? text(header.prefix) : std::string_view();
    return prefix.empty() ? std::string(text(header.name))
                          : fmt::format("{}/{}", prefix, text(header.name));
  }

  int descriptor_;
  const std::string& path_;
  const std::function<void(const TarMember&)>& visit_;
  std::uint64_t end_ = 0;  // of the archive file
  std::uint64_t at_ = 0;   // the header being looked at
  std::uint64_t passed_over_ = 0;
  // From extension headers, for the next entry.
  std::optional<std::string> long_name_, pax_name_;
  std::optional<std::uint64_t> pax_size_;
  bool sparse_ = false;
};

}  // namespace

std::uint64_t scan_tar(int descriptor, const std::string& path,
                       const std::function<void(const TarMember&)>& visit) {
  return Scanner(descriptor, path, visit).run();
}

}  // namespace datamon::pipeline
