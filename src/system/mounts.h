// /proc/self/mountinfo: what is mounted where.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "system/path.h"

namespace datamon::system {

// One line; views into it. Spaces in paths are still escaped (\040).
struct Mount {
  std::string_view device;  // "254:0"
  std::string_view root;    // of the mounted part inside its file system
  std::string_view point;
  std::string_view type;     // "ext4", "cgroup2", "nfs4", ...
  std::string_view source;   // "/dev/vda1", "server:/export", "overlay", ...
  std::string_view options;  // of the file system
};

std::optional<Mount> parse_mount(std::string_view line);

// With \040 and the like turned back into bytes.
Path unescape(std::string_view escaped);

// True when `path` is `folder` or lies below it ("/" holds everything).
bool is_below(std::string_view path, std::string_view folder);

}  // namespace datamon::system
