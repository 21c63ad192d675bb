#include "report/read_overlap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <queue>
#include <utility>

#include "report/jackknife.h"

namespace datamon::report {
namespace {

// Neighbouring reads are alike (one slow file, one busy moment): whole stretches
// of them are left out in turn to learn how sure the exponent is (jackknife).
constexpr std::size_t kFewestReads = 10 * kStretches;
// A spread below this (of a logarithm, squared) is none: all the same, or two
// amounts that always go together.
constexpr double kLeastSpread = 1e-4;

// Sums for the regression of y over x, at the same z.
struct Sums {
  double n = 0, x = 0, y = 0, z = 0, xx = 0, xy = 0, xz = 0, yz = 0, zz = 0;

  void add(double at, double own, double value) {
    n += 1;
    x += at;
    y += value;
    z += own;
    xx += at * at;
    xy += at * value;
    xz += at * own;
    yz += value * own;
    zz += own * own;
  }
  void add(const Sums& o, double sign) {
    n += sign * o.n;
    x += sign * o.x;
    y += sign * o.y;
    z += sign * o.z;
    xx += sign * o.xx;
    xy += sign * o.xy;
    xz += sign * o.xz;
    yz += sign * o.yz;
    zz += sign * o.zz;
  }
  // NaN if x does not vary by itself.
  double slope() const {
    double spread = xx / n - x / n * x / n, common = xy / n - x / n * y / n;
    const double own = zz / n - z / n * z / n;
    if (own > kLeastSpread) {  // take out what z explains
      const double with_x = xz / n - x / n * z / n, with_y = yz / n - y / n * z / n;
      spread -= with_x * with_x / own;
      common -= with_x * with_y / own;
    }
    return spread > kLeastSpread ? common / spread : std::numeric_limits<double>::quiet_NaN();
  }
};

}  // namespace

ReadOverlap read_overlap(std::vector<TimedRead> reads) {
  std::erase_if(reads, [](const TimedRead& read) {
    return !(read.end_s > read.start_s) || !std::isfinite(read.end_s - read.start_s);
  });
  std::sort(reads.begin(), reads.end(), [](const TimedRead& a, const TimedRead& b) {
    return a.start_s != b.start_s ? a.start_s < b.start_s : a.end_s < b.end_s;
  });
  ReadOverlap out;
  out.reads = reads.size();
  if (reads.empty()) return out;

  using UnderWay = std::pair<double, double>;  // end, bytes
  std::priority_queue<UnderWay, std::vector<UnderWay>, std::greater<>> under_way;
  std::array<Sums, kStretches> stretch;
  double active_s = 0, until_s = reads.front().start_s, at_once = 0, bytes = 0;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const TimedRead& read = reads[i];
    for (; !under_way.empty() && under_way.top().first <= read.start_s; under_way.pop())
      bytes -= under_way.top().second;
    const double own = read.bytes > 0 ? read.bytes : 1;
    under_way.emplace(read.end_s, own);
    bytes += own;
    at_once += static_cast<double>(under_way.size());
    stretch[i * kStretches / reads.size()].add(std::log(std::max(bytes, own)), std::log(own),
                                               std::log(read.end_s - read.start_s));
    active_s += std::max(0.0, read.end_s - std::max(read.start_s, until_s));
    until_s = std::max(until_s, read.end_s);
  }
  out.at_once = at_once / static_cast<double>(reads.size());
  out.active_share = std::min(1.0, active_s / (until_s - reads.front().start_s));
  if (reads.size() < kFewestReads) return out;

  Sums all;
  for (const Sums& part : stretch) all.add(part, 1);
  const SlopeEstimate growth = jackknife(stretch, all);
  out.growth = growth.slope;
  if (std::isfinite(growth.error)) out.growth_error = growth.error;
  return out;
}

}  // namespace datamon::report
