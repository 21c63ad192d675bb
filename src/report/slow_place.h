// A file, or a folder with all below it, whose reads are far slower than the rest:
// another mount, a failing disk. Pure.
#pragma once

#include <string>
#include <vector>

namespace datamon::report {

struct PlaceReads {
  std::string path;
  double bytes = 0, read_s = 0;
};

struct SlowPlace {
  std::string path;       // "" if there is none; a folder's ends with "/"
  double read_share = 0;  // of all time in reads
  double factor = 1;      // a byte's time over that of a byte elsewhere
};

// The highest place that takes a good part of the reading time and whose bytes
// take several times as long as the others'. Paths that were cut at their
// beginning are passed over. O(n log n).
SlowPlace slow_place(const std::vector<PlaceReads>& files);

}  // namespace datamon::report
