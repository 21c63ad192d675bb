#include "report/read_sharing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>

#include "report/jackknife.h"

namespace datamon::report {
namespace {

// A window is this many times as long as a usual read: within a single one nothing is known.
constexpr double kReadsAWindow = 2;
constexpr std::size_t kFewestWindows = 2 * kStretches;
constexpr std::size_t kMostWindows = 2000;
constexpr std::size_t kMostReaders = 2000;

bool took_time(const TimedRead& read) {
  return read.end_s > read.start_s && std::isfinite(read.end_s - read.start_s);
}

// The time in which all readers are at work, in windows of the same length.
struct Windows {
  double first_s = 0, width_s = 0;
  std::size_t count = 0;
};

struct Range {
  double first_s = std::numeric_limits<double>::infinity();
  double last_s = -std::numeric_limits<double>::infinity();
  std::size_t number = 0;  // of the reader, from 0
};

// Half of the readers' time goes into longer ones. (Of the reads most may be tiny: what the page
// cache or a library's buffer had already.)
double usual_duration(const std::vector<TimedRead>& reads) {
  std::vector<double> durations;
  double all = 0;
  for (const TimedRead& read : reads)
    if (took_time(read)) durations.push_back(read.end_s - read.start_s);
  std::sort(durations.begin(), durations.end());
  for (const double duration : durations) all += duration;
  double sum = 0;
  for (const double duration : durations)
    if ((sum += duration) >= all / 2) return duration;
  return 0;
}

Windows windows_of(const std::vector<TimedRead>& reads, const std::map<int, Range>& readers) {
  Windows out;
  double last_s = std::numeric_limits<double>::infinity();
  out.first_s = -last_s;
  for (const auto& [reader, range] : readers) {
    out.first_s = std::max(out.first_s, range.first_s);
    last_s = std::min(last_s, range.last_s);
  }
  const double lasting_s = last_s - out.first_s;
  if (!(lasting_s > 0) || !std::isfinite(lasting_s)) return out;
  out.width_s = std::max(kReadsAWindow * usual_duration(reads), lasting_s / kMostWindows);
  out.count = static_cast<std::size_t>(lasting_s / out.width_s);
  return out;
}

// What the reader gets in each window; row by row.
class Amounts {
 public:
  Amounts(const Windows& windows, std::size_t readers)
      : windows_(windows), amounts_(windows.count * readers) {}

  void add(const TimedRead& read, std::size_t reader) {
    const double begin = (read.start_s - windows_.first_s) / windows_.width_s;
    const double end = (read.end_s - windows_.first_s) / windows_.width_s;
    if (end <= 0 || begin >= static_cast<double>(windows_.count)) return;
    const double rate = (read.bytes > 0 ? read.bytes : 1) / (end - begin);
    for (auto w = static_cast<std::size_t>(std::max(begin, 0.0));
         w < windows_.count && static_cast<double>(w) < end; ++w) {
      const double from = static_cast<double>(w);
      row(reader)[w] += rate * (std::min(end, from + 1) - std::max(begin, from));
    }
  }

  double* row(std::size_t reader) { return &amounts_[reader * windows_.count]; }

 private:
  Windows windows_;
  std::vector<double> amounts_;
};

// Moments of one stretch: of the sum, and summed over the readers.
class Moments {
 public:
  explicit Moments(std::size_t readers = 0) : own_(readers) {}

  void add_window(std::size_t reader, double amount) { own_[reader] += amount; }
  void add_squares(double sum, double own_squares) {
    ++n_;
    all_ += sum;
    all_squares_ += sum * sum;
    own_squares_ += own_squares;
  }
  void add(const Moments& other, double sign) {
    n_ += sign * other.n_;
    all_ += sign * other.all_;
    all_squares_ += sign * other.all_squares_;
    own_squares_ += sign * other.own_squares_;
    if (own_.empty()) own_.resize(other.own_.size());
    for (std::size_t i = 0; i < own_.size(); ++i) own_[i] += sign * other.own_[i];
  }
  double mean() const { return all_ / n_; }
  // The ratio; called so for jackknife().
  double slope() const {
    double own = own_squares_ / n_;
    for (const double amount : own_) own -= amount / n_ * (amount / n_);
    const double all = all_squares_ / n_ - all_ / n_ * (all_ / n_);
    return own > 0 ? std::max(0.0, all) / own : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  double n_ = 0, all_ = 0, all_squares_ = 0, own_squares_ = 0;
  std::vector<double> own_;
};

}  // namespace

ReadSharing read_sharing(const std::vector<TimedRead>& reads) {
  std::map<int, Range> readers;
  for (const TimedRead& read : reads) {
    if (!took_time(read)) continue;
    Range& range = readers[read.reader];
    range.first_s = std::min(range.first_s, read.start_s);
    range.last_s = std::max(range.last_s, read.end_s);
  }
  ReadSharing out;
  if (readers.size() < 2 || readers.size() > kMostReaders) return out;
  std::size_t number = 0;
  for (auto& [reader, range] : readers) range.number = number++;
  const Windows windows = windows_of(reads, readers);
  if (windows.count < kFewestWindows) return out;

  Amounts amounts(windows, readers.size());
  for (const TimedRead& read : reads)
    if (took_time(read)) amounts.add(read, readers[read.reader].number);
  std::array<Moments, kStretches> stretch;
  stretch.fill(Moments(readers.size()));
  Moments whole(readers.size());
  for (std::size_t w = 0; w < windows.count; ++w) {
    Moments& part = stretch[w * kStretches / windows.count];
    double sum = 0, squares = 0;
    for (std::size_t reader = 0; reader < readers.size(); ++reader) {
      const double amount = amounts.row(reader)[w];
      part.add_window(reader, amount);
      sum += amount;
      squares += amount * amount;
    }
    part.add_squares(sum, squares);
  }
  for (const Moments& part : stretch) whole.add(part, 1);
  const SlopeEstimate ratio = jackknife(stretch, whole);
  out.variance_ratio = ratio.slope;
  if (std::isfinite(ratio.error)) out.error = ratio.error;
  const bool known =
      std::all_of(reads.begin(), reads.end(), [](const TimedRead& read) { return read.bytes > 0; });
  if (known) out.bytes_per_s = whole.mean() / windows.width_s;
  return out;
}

}  // namespace datamon::report
