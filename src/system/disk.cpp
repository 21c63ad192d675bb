#include "system/disk.h"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "system/mounts.h"

namespace datamon::system {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kMillisecond = 1'000'000;

// /sys writes '!' where a device's name has a slash.
Path sysfs_disk(std::string_view root, std::string_view name) {
  Path path{root, "/sys/block/"};
  for (char byte : name) {
    const char written = byte == '/' ? '!' : byte;
    path.append({&written, 1});
  }
  return path;
}

bool is_virtual(std::string_view name) {
  for (std::string_view prefix : {"loop", "ram", "zram", "sr", "fd", "nbd"})
    if (name.starts_with(prefix)) return true;
  return false;
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// The disk that the link `link` in /sys leads to; of a partition, its disk.
DiskName disk_of_link(const Path& link) {
  char target[512];
  const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  if (size <= 0 || static_cast<std::size_t>(size) == sizeof target) return {};
  std::string_view device(target, static_cast<std::size_t>(size));
  if (exists(Path{link.view(), "/partition"})) {
    const std::size_t slash = device.rfind('/');
    if (slash == std::string_view::npos) return {};
    device = device.substr(0, slash);
  }
  return DiskName(last_part(device));
}

DiskName disk_of_device(std::string_view root, std::string_view major_minor) {
  return disk_of_link(Path{root, "/sys/dev/block/", major_minor});
}

Path major_minor(dev_t device) {
  char first[12], second[12];
  const auto digits = [](unsigned value, char(&text)[12]) {
    return std::string_view(text, std::to_chars(text, text + sizeof text, value).ptr);
  };
  return Path{digits(major(device), first), ":", digits(minor(device), second)};
}

void copy_type(std::string_view type, Storage& storage) {
  const std::size_t size = std::min(type.size(), storage.type.size() - 1);
  std::copy_n(type.begin(), size, storage.type.begin());
  storage.type[size] = '\0';
}

}  // namespace

DiskName::DiskName(std::string_view name) {
  if (name.size() > text_.size()) return;
  std::copy(name.begin(), name.end(), text_.begin());
  size_ = static_cast<std::uint8_t>(name.size());
}

// major minor name reads merged sectors ms writes merged sectors ms in-flight
// busy-ms weighted-ms [discards ... flushes ...]
std::optional<DiskLine> parse_disk_line(std::string_view line) {
  next_word(line);
  next_word(line);
  DiskLine disk;
  disk.name = next_word(line);
  std::uint64_t column[10];
  for (std::uint64_t& value : column) {
    const auto number = next_number(line);
    if (!number) return std::nullopt;
    value = *number;
  }
  disk.stat = {.reads = column[0],
               .read_bytes = column[2] * kSectorBytes,
               .read_ns = column[3] * kMillisecond,
               .writes = column[4],
               .write_bytes = column[6] * kSectorBytes,
               .write_ns = column[7] * kMillisecond,
               .in_flight = column[8],
               .busy_ns = column[9] * kMillisecond};
  return disk;
}

DiskReader::DiskReader(std::string_view root, std::string_view first, Scratch& scratch)
    : file_(Path{root, "/proc/diskstats"}) {
  std::array<std::uint64_t, kMaxDisks> weight{};
  std::string_view text = file_.read(scratch);
  while (auto line = next_line(text)) {
    const auto disk = parse_disk_line(*line);
    if (!disk || DiskName(disk->name).view().empty() || !exists(sysfs_disk(root, disk->name)))
      continue;
    const bool chosen = disk->name == first;
    const std::uint64_t done = disk->stat.read_bytes + disk->stat.write_bytes;
    if (done == 0 && is_virtual(disk->name) && !chosen) continue;
    const std::uint64_t own = chosen ? UINT64_MAX : std::min(done, UINT64_MAX - 1);
    std::size_t place = count_;
    if (count_ == kMaxDisks) {
      place =
          static_cast<std::size_t>(std::min_element(weight.begin(), weight.end()) - weight.begin());
      if (weight[place] >= own) continue;
    } else {
      ++count_;
    }
    names_[place] = DiskName(disk->name);
    weight[place] = own;
  }
}

void DiskReader::read(Scratch& scratch, std::span<std::optional<DiskStat>, kMaxDisks> stats) const {
  std::fill(stats.begin(), stats.end(), std::nullopt);
  if (count_ == 0) return;
  std::string_view text = file_.read(scratch);
  while (auto line = next_line(text)) {
    const auto disk = parse_disk_line(*line);
    if (!disk) continue;
    for (std::size_t index = 0; index < count_; ++index)
      if (names_[index].view() == disk->name) stats[index] = disk->stat;
  }
}

Storage find_storage(std::string_view root, dev_t device, std::string_view path, Scratch& scratch) {
  Storage storage{};
  const Path number = major_minor(device);
  DiskName of_source;
  std::size_t longest = 0;
  LineReader lines(Path{root, "/proc/self/mountinfo"}, scratch);
  while (auto line = lines.next()) {
    const auto mount = parse_mount(*line);
    if (!mount) continue;
    const Path point = unescape(mount->point);
    // Later mounts cover earlier ones at the same place.
    if (!is_below(path, point.view()) || point.view().size() < longest) continue;
    longest = point.view().size();
    copy_type(mount->type, storage);
    of_source = mount->source.starts_with("/dev/")
                    ? disk_of_link(Path{root, "/sys/class/block/", last_part(mount->source)})
                    : DiskName();
  }
  storage.disk = disk_of_device(root, number.view());
  if (storage.disk.view().empty()) storage.disk = of_source;
  return storage;
}

}  // namespace datamon::system
