#include "system/network.h"

#include <algorithm>

namespace datamon::system {
namespace {

struct Interface {
  std::string_view name;
  std::uint64_t receive_bytes = 0;
  std::uint64_t send_bytes = 0;
};

// "  eth0: bytes packets errs drop fifo frame compressed multicast bytes ..."
std::optional<Interface> parse_interface(std::string_view line) {
  const std::size_t colon = line.rfind(':');  // an alias "eth0:1" has one itself
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view head = line.substr(0, colon);
  std::string_view counters = line.substr(colon + 1);
  Interface interface;
  interface.name = next_word(head);
  std::uint64_t column[9];
  for (std::uint64_t& value : column) {
    const auto number = next_number(counters);
    if (!number) return std::nullopt;
    value = *number;
  }
  interface.receive_bytes = column[0];
  interface.send_bytes = column[8];
  return interface;
}

}  // namespace

NetworkReader::NetworkReader(std::string_view root, Scratch& scratch)
    : file_(Path{root, "/proc/net/dev"}) {
  std::string_view text = file_.read(scratch);
  while (auto line = next_line(text)) {
    const auto interface = parse_interface(*line);
    if (!interface || hardware_count_ == kMaxHardware || interface->name.size() >= kNameBytes)
      continue;
    if (!exists(Path{root, "/sys/class/net/", interface->name, "/device"})) continue;
    std::copy(interface->name.begin(), interface->name.end(),
              hardware_[hardware_count_++].text.begin());
  }
}

bool NetworkReader::counts(std::string_view name) const {
  if (hardware_count_ == 0) return name != "lo";
  for (std::size_t i = 0; i < hardware_count_; ++i)
    if (hardware_[i].view() == name) return true;
  return false;
}

std::optional<NetworkStat> NetworkReader::read(Scratch& scratch) const {
  std::string_view text = file_.read(scratch);
  if (text.empty()) return std::nullopt;
  NetworkStat sum;
  while (auto line = next_line(text)) {
    const auto interface = parse_interface(*line);
    if (!interface || !counts(interface->name)) continue;
    sum.receive_bytes += interface->receive_bytes;
    sum.send_bytes += interface->send_bytes;
  }
  return sum;
}

}  // namespace datamon::system
