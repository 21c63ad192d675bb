#include "report/slow_place.h"

#include <algorithm>
#include <utility>

namespace datamon::report {
namespace {

// Files and folders differ by a factor of two for any reason (sizes, what the
// page cache holds); a part below a fifth of the reading is not worth a word.
constexpr double kFactor = 4, kShare = 0.2;
// The rest that it is compared with must be more than an accident, too.
constexpr double kLeastRest = 0.2;  // of the bytes

struct OpenPlace {
  std::size_t length;  // of its path
  double bytes = 0, read_s = 0;
};

// Walks through the files in the order of their paths, where all that lies in a
// folder comes in one piece.
class Search {
 public:
  Search(double bytes, double read_s) : bytes_(bytes), read_s_(read_s) {}

  void add(const PlaceReads& file) {
    leave_to(common_length(file.path));
    for (std::size_t at = file.path.find('/', std::max<std::size_t>(inside(), 1));
         at != std::string::npos; at = file.path.find('/', at + 1))
      open_.push_back({at + 1});
    open_.push_back({file.path.size()});
    path_ = &file.path;
    for (OpenPlace& place : open_) {
      place.bytes += file.bytes;
      place.read_s += file.read_s;
    }
  }

  SlowPlace end() {
    leave_to(0);
    return std::move(best_);
  }

 private:
  std::size_t inside() const { return open_.empty() ? 0 : open_.back().length; }

  // How far `path` lies in the same places as the one before.
  std::size_t common_length(const std::string& path) const {
    std::size_t length = 0;
    for (const OpenPlace& place : open_) {
      const bool folder = (*path_)[place.length - 1] == '/';
      if (!folder || path.compare(0, place.length, *path_, 0, place.length) != 0) break;
      length = place.length;
    }
    return length;
  }

  void leave_to(std::size_t length) {
    for (; !open_.empty() && open_.back().length > length; open_.pop_back()) judge(open_.back());
  }

  void judge(const OpenPlace& place) {
    const double rest_bytes = bytes_ - place.bytes, rest_s = read_s_ - place.read_s;
    if (!(place.read_s >= kShare * read_s_) || !(rest_bytes >= kLeastRest * bytes_)) return;
    if (!(rest_s > 0) || !(place.read_s / place.bytes >= kFactor * rest_s / rest_bytes)) return;
    // A place holds all that its parts do, and is left after them: the highest stays.
    if (place.read_s < best_s_) return;
    best_s_ = place.read_s;
    best_ = {path_->substr(0, place.length), place.read_s / read_s_,
             place.read_s / place.bytes / (rest_s / rest_bytes)};
  }

  const double bytes_, read_s_;
  const std::string* path_ = nullptr;  // of the latest file
  std::vector<OpenPlace> open_;        // that it lies in, and itself
  SlowPlace best_;
  double best_s_ = 0;
};

}  // namespace

SlowPlace slow_place(const std::vector<PlaceReads>& files) {
  std::vector<const PlaceReads*> order;
  double bytes = 0, read_s = 0;
  for (const PlaceReads& file : files) {
    if (!(file.bytes > 0) || !(file.read_s > 0) || !file.path.starts_with('/')) continue;
    order.push_back(&file);
    bytes += file.bytes;
    read_s += file.read_s;
  }
  std::sort(order.begin(), order.end(),
            [](const PlaceReads* a, const PlaceReads* b) { return a->path < b->path; });
  Search search(bytes, read_s);
  for (const PlaceReads* file : order) search.add(*file);
  return search.end();
}

}  // namespace datamon::report
