#include "system/process_stat.h"

#include <unistd.h>

#include <charconv>

#include "system/cpu_stat.h"

namespace datamon::system {
namespace {

std::uint64_t page_bytes() {
  static const long bytes = ::sysconf(_SC_PAGESIZE);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 4096;
}

Path process_file(std::string_view root, std::uint32_t pid, std::string_view name) {
  if (pid == 0) return Path{root, "/proc/self/", name};
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, pid).ptr;
  return Path{root, "/proc/", {digits, static_cast<std::size_t>(end - digits)}, "/", name};
}

}  // namespace

// pid (name) state ppid ...: the name may hold spaces, newlines and brackets, so
// the fields begin behind the last bracket.
std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(bracket + 1);
  rest.remove_suffix(1);
  const std::string_view state = next_word(rest);  // field 3
  if (state.size() != 1) return std::nullopt;
  std::string_view field[25];
  for (int number = 4; number < 25; ++number) field[number] = next_word(rest);

  ProcessStat stat;
  stat.state = state.front();
  const auto parent = parse<std::int32_t>(field[4]);
  const auto faults = parse<std::uint64_t>(field[12]);
  const auto user = parse<std::uint64_t>(field[14]);
  const auto kernel = parse<std::uint64_t>(field[15]);
  const auto threads = parse<std::uint32_t>(field[20]);
  const auto start = parse<std::uint64_t>(field[22]);
  const auto rss = parse<std::int64_t>(field[24]);
  if (!parent || !faults || !user || !kernel || !threads || !start || !rss) return std::nullopt;
  stat.parent_pid = static_cast<std::uint32_t>(*parent);
  stat.major_faults = *faults;
  stat.cpu_ns = (*user + *kernel) * clock_tick_ns();
  stat.threads = *threads;
  stat.start_ticks = *start;
  stat.rss_bytes = *rss > 0 ? static_cast<std::uint64_t>(*rss) * page_bytes() : 0;
  return stat;
}

std::optional<ProcessIo> parse_process_io(std::string_view text) {
  const auto read = find_number(text, "read_bytes:");
  const auto requested = find_number(text, "rchar:");
  const auto written = find_number(text, "write_bytes:");
  if (!read || !requested || !written) return std::nullopt;
  return ProcessIo{*read, *requested, *written};
}

std::optional<ProcessStat> read_process_stat(std::string_view root, std::uint32_t pid,
                                             Scratch& scratch) {
  return parse_process_stat(read_file(process_file(root, pid, "stat"), scratch));
}

std::optional<ProcessIo> read_process_io(std::string_view root, std::uint32_t pid,
                                         Scratch& scratch) {
  return parse_process_io(read_file(process_file(root, pid, "io"), scratch));
}

}  // namespace datamon::system
