#include "report/slow_place.h"

#include <map>

namespace datamon::report {
namespace {

// Files and folders differ by a factor of two for any reason (sizes, what the
// page cache holds); a part below a fifth of the reading is not worth a word.
constexpr double kFactor = 4, kShare = 0.2;
// The rest that it is compared with must be more than an accident, too.
constexpr double kLeastRest = 0.2;  // of the bytes

struct Sum {
  double bytes = 0, read_s = 0;
  void add(const PlaceReads& file) {
    bytes += file.bytes;
    read_s += file.read_s;
  }
};

}  // namespace

SlowPlace slow_place(const std::vector<PlaceReads>& files) {
  std::map<std::string, Sum> places;
  Sum all;
  for (const PlaceReads& file : files) {
    if (!(file.bytes > 0) || !(file.read_s > 0) || !file.path.starts_with('/')) continue;
    all.add(file);
    for (std::size_t at = file.path.find('/', 1); at != std::string::npos;
         at = file.path.find('/', at + 1))
      places[file.path.substr(0, at + 1)].add(file);
    places[file.path].add(file);
  }
  SlowPlace best;
  double best_s = 0;
  for (const auto& [path, sum] : places) {
    const double rest_bytes = all.bytes - sum.bytes, rest_s = all.read_s - sum.read_s;
    if (!(sum.read_s >= kShare * all.read_s) || !(rest_bytes >= kLeastRest * all.bytes)) continue;
    if (!(rest_s > 0) || !(sum.read_s / sum.bytes >= kFactor * rest_s / rest_bytes)) continue;
    // Parts of a place never hold more than it does, and come behind it.
    if (sum.read_s <= best_s) continue;
    best_s = sum.read_s;
    best = {path, sum.read_s / all.read_s, sum.read_s / sum.bytes / (rest_s / rest_bytes)};
  }
  return best;
}

}  // namespace datamon::report
