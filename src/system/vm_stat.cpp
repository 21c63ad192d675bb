#include "system/vm_stat.h"

namespace datamon::system {

// One pass: the file has some 180 lines.
std::optional<VmStat> parse_vm_stat(std::string_view text) {
  std::optional<std::uint64_t> faults, paged_in, refaults;
  while (auto line = next_line(text)) {
    switch (line->empty() ? '\0' : line->front()) {
      case 'p': {
        const std::string_view key = next_word(*line);
        if (key == "pgmajfault") faults = next_number(*line);
        if (key == "pgpgin") paged_in = next_number(*line);  // KiB
        break;
      }
      case 'w': {
        // "workingset_refault" until Linux 5.8, split by kind afterwards.
        const std::string_view key = next_word(*line);
        if (key == "workingset_refault_file" || key == "workingset_refault")
          refaults = next_number(*line);
        break;
      }
      default:
        break;
    }
  }
  if (!faults || !paged_in) return std::nullopt;
  return VmStat{*faults, *paged_in * 1024, refaults};
}

}  // namespace datamon::system
