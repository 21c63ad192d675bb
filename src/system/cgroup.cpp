#include "system/cgroup.h"

#include <algorithm>
#include <tuple>

#include "system/mounts.h"

namespace datamon::system {
namespace {

bool list_has(std::string_view list, std::string_view name) {
  for (std::string_view item = next_word(list, ","); !item.empty(); item = next_word(list, ","))
    if (item == name) return true;
  return false;
}

// The group's path inside its hierarchy, from /proc/self/cgroup: lines
// "4:cpu,cpuacct:/path"; version 2 is "0::/path". `controller` "" means 2.
Path group_path(std::string_view text, std::string_view controller) {
  while (auto line = next_line(text)) {
    const std::size_t first = line->find(':');
    const std::size_t second = line->find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line->substr(first + 1, second - first - 1);
    const bool matches = controller.empty() ? line->substr(0, first) == "0" && controllers.empty()
                                            : list_has(controllers, controller);
    if (matches) return Path{line->substr(second + 1)};
  }
  return {};
}

bool is_hierarchy(const Mount& mount, std::string_view controller) {
  if (controller.empty()) return mount.type == "cgroup2";
  return mount.type == "cgroup" && list_has(mount.options, controller);
}

// The folder of `group` below a mount that shows the part `mount_root` of the
// hierarchy at `point`.
CgroupFolder folder_in_mount(std::string_view root, std::string_view group, const Mount& mount) {
  CgroupFolder folder;
  const Path point = unescape(mount.point);
  folder.path = Path{root, point.view()};
  folder.mount_bytes = folder.path.view().size();
  const Path mount_root = unescape(mount.root);
  const bool reachable =
      is_below(group, mount_root.view()) && group.find("/..") == std::string_view::npos;
  if (!reachable) return folder;
  if (mount_root.view() != "/") group.remove_prefix(mount_root.view().size());
  while (group.ends_with('/')) group.remove_suffix(1);
  folder.path.append(group);
  if (!exists(folder.path)) folder.path.truncate(folder.mount_bytes);
  return folder;
}

CgroupFolder find_folder(std::string_view root, const Path& group, std::string_view controller,
                         Scratch& scratch) {
  if (group.empty()) return {};
  CgroupFolder best;
  LineReader lines(Path{root, "/proc/self/mountinfo"}, scratch);
  while (auto line = lines.next()) {
    const auto mount = parse_mount(*line);
    if (!mount || !is_hierarchy(*mount, controller)) continue;
    const CgroupFolder folder = folder_in_mount(root, group.view(), *mount);
    const bool deeper =
        folder.path.view().size() - folder.mount_bytes > best.path.view().size() - best.mount_bytes;
    if (!best.found() || deeper) best = folder;
  }
  return best;
}

// Calls visit(path) for the group and each ancestor, the group first.
template <typename Visit>
void for_each_level(const CgroupFolder& folder, Visit visit) {
  if (!folder.found()) return;
  Path path = folder.path;
  for (;;) {
    visit(path);
    const std::size_t slash = path.view().rfind('/');
    if (path.view().size() <= folder.mount_bytes || slash == std::string_view::npos ||
        slash < folder.mount_bytes)
      return;
    path.truncate(slash);
  }
}

std::optional<double> v1_cpu_limit(const Path& level, Scratch& scratch) {
  const auto quota =
      parse<std::int64_t>(read_value(Path{level.view(), "/cpu.cfs_quota_us"}, scratch));
  const auto period =
      parse<std::int64_t>(read_value(Path{level.view(), "/cpu.cfs_period_us"}, scratch));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> level_cpu_limit(const Path& level, bool unified, Scratch& scratch) {
  return unified ? parse_cpu_max(read_file(Path{level.view(), "/cpu.max"}, scratch))
                 : v1_cpu_limit(level, scratch);
}

// Version 1 says "no limit" by a number close to 2^63.
std::optional<std::uint64_t> level_memory_limit(const Path& level, bool unified, Scratch& scratch) {
  const std::string_view name = unified ? "/memory.max" : "/memory.limit_in_bytes";
  const auto limit = parse<std::uint64_t>(read_value(Path{level.view(), name}, scratch));
  constexpr std::uint64_t kUnlimited = 1ull << 60;
  return limit && *limit < kUnlimited ? limit : std::nullopt;
}

// What a counter grew by; nothing where it was set back.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : 0;
}

CpuThrottling growth(const CpuThrottling& before, const CpuThrottling& now) {
  return {growth(before.periods, now.periods),
          growth(before.throttled_periods, now.throttled_periods),
          growth(before.throttled_ns, now.throttled_ns)};
}

// Of two that were stopped equally long, the one with more periods says more.
bool more_throttled(const CpuThrottling& one, const CpuThrottling& other) {
  return std::tuple(one.throttled_ns, one.throttled_periods, one.periods) >
         std::tuple(other.throttled_ns, other.throttled_periods, other.periods);
}

}  // namespace

std::optional<double> parse_cpu_max(std::string_view text) {
  auto line = next_line(text);
  if (!line) return std::nullopt;
  const auto quota = next_number(*line);  // "max" is no number
  const auto period = next_number(*line);
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<CpuThrottling> parse_cpu_throttling(std::string_view text) {
  CpuThrottling throttling;
  const auto periods = find_number(text, "nr_periods");
  const auto throttled = find_number(text, "nr_throttled");
  if (!periods || !throttled) return std::nullopt;
  throttling.periods = *periods;
  throttling.throttled_periods = *throttled;
  if (const auto v2 = find_number(text, "throttled_usec")) throttling.throttled_ns = *v2 * 1000;
  if (const auto v1 = find_number(text, "throttled_time")) throttling.throttled_ns = *v1;
  return throttling;
}

CgroupFolders find_cgroups(std::string_view root, Scratch& scratch) {
  const std::string_view text = read_file(Path{root, "/proc/self/cgroup"}, scratch);
  const Path unified = group_path(text, "");
  const Path cpu = group_path(text, "cpu");
  const Path memory = group_path(text, "memory");
  CgroupFolders folders;
  folders.unified = find_folder(root, unified, "", scratch);
  folders.v1_cpu = find_folder(root, cpu, "cpu", scratch);
  folders.v1_memory = find_folder(root, memory, "memory", scratch);
  return folders;
}

CgroupReader::CgroupReader(std::string_view root, Scratch& scratch)
    : folders_(find_cgroups(root, scratch)) {
  open_throttling(folders_.unified, true, scratch);
  open_throttling(folders_.v1_cpu, false, scratch);
  open_memory(folders_.unified, true, scratch);
  open_memory(folders_.v1_memory, false, scratch);
  if (!folders_.unified.found()) return;
  const std::string_view group = folders_.unified.path.view();
  cpu_pressure_ = PressureReader(Path{group, "/cpu.pressure"});
  io_pressure_ = PressureReader(Path{group, "/io.pressure"});
  memory_pressure_ = PressureReader(Path{group, "/memory.pressure"});
}

void CgroupReader::open_throttling(const CgroupFolder& folder, bool unified, Scratch& scratch) {
  for_each_level(folder, [&](const Path& level) {
    if (limited_levels_ == kMaxLimitedLevels || !level_cpu_limit(level, unified, scratch)) return;
    ProcFile file(Path{level.view(), "/cpu.stat"});
    if (file.is_open()) throttling_[limited_levels_++] = std::move(file);
  });
}

void CgroupReader::open_memory(const CgroupFolder& folder, bool unified, Scratch& scratch) {
  for_each_level(folder, [&](const Path& level) {
    const auto limit = level_memory_limit(level, unified, scratch);
    if (!limit || (memory_used_.is_open() && *limit >= memory_limit_bytes_)) return;
    ProcFile file(Path{level.view(), unified ? "/memory.current" : "/memory.usage_in_bytes"});
    if (!file.is_open()) return;
    memory_limit_bytes_ = *limit;
    memory_used_ = std::move(file);
  });
}

std::optional<double> CgroupReader::cpu_limit(Scratch& scratch) const {
  std::optional<double> lowest;
  const auto visit = [&](bool unified) {
    return [&, unified](const Path& level) {
      const auto limit = level_cpu_limit(level, unified, scratch);
      if (limit) lowest = std::min(lowest.value_or(*limit), *limit);
    };
  };
  for_each_level(folders_.unified, visit(true));
  for_each_level(folders_.v1_cpu, visit(false));
  return lowest;
}

// Nested groups are stopped at the same time, so that their times must not be added up;
// the longest one at each moment is at least not counted twice.
std::optional<CpuThrottling> CgroupReader::throttling(Scratch& scratch) {
  std::optional<CpuThrottling> most;
  for (int level = 0; level < limited_levels_; ++level) {
    const auto now = parse_cpu_throttling(throttling_[level].read(scratch));
    if (!now) continue;
    const auto& before = level_before_[level];
    // A level that could not be read before begins now.
    const CpuThrottling grown = growth(before ? *before : told_ ? *now : CpuThrottling{}, *now);
    level_before_[level] = now;
    if (!most || more_throttled(grown, *most)) most = grown;
  }
  if (!most) return std::nullopt;
  if (!told_) told_.emplace();
  told_->periods += most->periods;
  told_->throttled_periods += most->throttled_periods;
  told_->throttled_ns += most->throttled_ns;
  return told_;
}

std::optional<CgroupMemory> CgroupReader::memory(Scratch& scratch) const {
  if (!memory_used_.is_open()) return std::nullopt;
  std::string_view text = memory_used_.read(scratch);
  auto line = next_line(text);
  const auto used = line ? parse<std::uint64_t>(*line) : std::nullopt;
  if (!used) return std::nullopt;
  return CgroupMemory{memory_limit_bytes_, *used};
}

}  // namespace datamon::system
