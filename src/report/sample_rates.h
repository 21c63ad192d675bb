// The sampler's columns over the steady state: rates of counters and means of
// gauges. What a column means: docs/metrics.md.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/intervals.h"
#include "report/recording.h"
#include "report/timeline.h"

namespace datamon::report {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

class SampleRates {
 public:
  // Of one file's rows. Rows outside `steady` do not count, unless there are
  // none inside: then all do.
  SampleRates(const ProcessFile& process, const TimeAxis& axis, const Stretches& steady);

  bool has(std::string_view metric) const { return process_.samples.find(metric).has_value(); }
  // A counter's growth per second; NaN if the machine did not tell.
  double rate(std::string_view metric) const;
  // Its fastest growth over a second or more, anywhere in the run; NaN likewise.
  double best_rate(std::string_view metric) const;
  // How much a counter grew for each unit that another one grew; NaN if the other stood still.
  double ratio(std::string_view metric, std::string_view per) const;
  // A gauge's mean over time, NaN likewise.
  double mean(std::string_view metric) const;
  // Names X for which a column PREFIX + X + SUFFIX exists, in the order of the columns.
  std::vector<std::string> names_between(std::string_view prefix, std::string_view suffix) const;

  // Of the processes that the sampler saw, all together, per second.
  double process_cores() const;
  double process_read_bytes() const;

  struct ProcessLoad {
    double cores = 0, threads = 0;  // means
  };
  // Of each process that was seen twice.
  std::map<std::uint32_t, ProcessLoad> process_loads() const;

 private:
  struct Growth {
    double amount = 0, seconds = 0;
    void add(double more, double in_s) {
      amount += more;
      seconds += in_s;
    }
  };
  Growth growth(std::string_view metric) const;
  template <typename Read>
  double process_rate(Read read) const;
  bool counts(double from_s, double to_s) const;

  const ProcessFile& process_;
  TimeAxis axis_;
  const Stretches& steady_;
  bool anywhere_ = false;  // no row lies in the steady state
};

}  // namespace datamon::report
