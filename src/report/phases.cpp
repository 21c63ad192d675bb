#include "report/phases.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>

#include "report/median.h"

namespace datamon::report {
namespace {

// MSER needs something to average; below this only the first step is start-up.
constexpr std::size_t kFewestStepsToSettle = 20;

// Step times are not compared more finely than this: equal ones settle at once.
constexpr double kFinest = 0.01;

// A pause is idle when it is longer than this many median steps and this many
// seconds. Where compute is recorded a pause is seen as such; where it is not,
// it may be a checkpoint or a validation pass, and has to be longer.
constexpr double kIdleSteps = 5, kIdleSeconds = 0.5;
constexpr double kIdleStepsUnrecorded = 20, kIdleSecondsUnrecorded = 2.0;

// A last step is too long to be one if it takes this many median steps, and a pause's time.
constexpr double kLastStepSteps = kIdleSteps;

// Times of a long run are exact to about this share of a step.
constexpr double kRounding = 1e-6;

// A number this far below an epoch's first one is a new epoch's, whatever order
// batches come in: so many for each worker, or in all, may be under way.
constexpr std::uint64_t kUnderWayEach = 4, kUnderWay = 8;

// When this loader's workers began their start-up work.
std::vector<double> worker_starts(const std::vector<LoaderTrack>& workers, std::size_t consumer) {
  std::vector<double> starts;
  for (const LoaderTrack& worker : workers)
    if (worker.consumer == consumer) starts.push_back(worker.start_s);
  std::sort(starts.begin(), starts.end());
  return starts;
}

bool any_between(const std::vector<double>& sorted, double from, double to) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), from);
  return at != sorted.end() && *at < to;
}

// Where batch numbers start again. Batches may come in the order in which they
// get ready, and one worker may lag behind the others by any number of them: a
// lower number alone means nothing. A new epoch's numbers come a second time,
// or lie below everything before.
class Renumbering {
 public:
  explicit Renumbering(std::size_t workers)
      : under_way_(std::max<std::uint64_t>(kUnderWay, kUnderWayEach * workers)) {}

  // Is this the first batch of a new epoch?
  bool add(std::uint64_t id) {
    if (id == format::kNoId || id == last_) return false;
    const bool again = !seen_.empty() && starts_again(id);
    if (again) reset();
    seen_.insert(id);
    lowest_ = std::min(lowest_, id);
    highest_ = std::max(highest_, id);
    last_ = id;
    return again;
  }

  void reset() { *this = Renumbering(*this, Empty()); }

 private:
  struct Empty {};
  Renumbering(const Renumbering& other, Empty) : under_way_(other.under_way_) {}

  bool starts_again(std::uint64_t id) const {
    if (id < lowest_) return lowest_ - id > under_way_;
    // In the lower half: else each worker may count for itself.
    return seen_.count(id) != 0 && highest_ - id > (highest_ - lowest_) / 2;
  }

  std::uint64_t under_way_;
  std::unordered_set<std::uint64_t> seen_;
  std::uint64_t lowest_ = UINT64_MAX, highest_ = 0, last_ = format::kNoId;
};

// How many places the workers of a consumer have.
std::size_t places(const std::vector<LoaderTrack>& workers, std::size_t consumer) {
  std::set<int> indices;
  for (const LoaderTrack& worker : workers)
    if (worker.consumer == consumer) indices.insert(worker.index);
  return indices.size();
}

// Turns what is not steady into phases that cover [0, end_s).
class PhaseList {
 public:
  // Called in order of time; overlaps are cut off.
  void add(PhaseKind kind, double from_s, double to_s) {
    from_s = std::max(from_s, done_s_);
    if (to_s <= from_s) return;
    if (from_s > done_s_) push(PhaseKind::kSteady, from_s);
    push(kind, to_s);
  }

  ConsumerPhases take(double end_s) {
    if (end_s > done_s_) push(PhaseKind::kSteady, end_s);
    ConsumerPhases result;
    for (const Phase& phase : phases_)
      if (phase.kind == PhaseKind::kSteady) result.steady.push_back({phase.start_s, phase.end_s});
    result.phases = std::move(phases_);
    return result;
  }

 private:
  void push(PhaseKind kind, double to_s) {
    if (!phases_.empty() && phases_.back().kind == kind) {
      phases_.back().end_s = to_s;
    } else {
      phases_.push_back({kind, done_s_, to_s});
    }
    done_s_ = to_s;
  }

  std::vector<Phase> phases_;
  double done_s_ = 0;
};

class PhaseFinder {
 public:
  PhaseFinder(const ConsumerSteps& steps, const LoaderTrack& consumer,
              const std::vector<LoaderTrack>& workers, int loader)
      : steps_(steps),
        consumer_(consumer),
        loader_(loader),
        starts_(worker_starts(workers, consumer.consumer)) {
    std::vector<double> lengths;
    for (const RawStep& step : steps.steps)
      if (!step.last_known && !step.no_batch) lengths.push_back(step.length());
    median_s_ = median(std::move(lengths));
    find_boundaries(places(workers, consumer.consumer));
  }

  ConsumerPhases run(double end_s) {
    const auto& steps = steps_.steps;
    PhaseList list;
    const double begin_s = begin();
    list.add(PhaseKind::kIdle, 0, begin_s);
    const std::size_t settled = settled_step();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].no_batch) {
        epoch_end(list, i, i <= settled);
      } else if (i > 0 && boundary(i)) {
        list.add(PhaseKind::kEpochBoundary, boundary_from(i), steps[i].wait_end_s);
      } else if (i <= settled) {
        // Everything up to the first settled step is start-up.
        list.add(PhaseKind::kStartUp, 0,
                 i == settled && i > 0 ? steps[i].start_s : steps[i].wait_end_s);
      }
      if (const Stretch idle = idle_part(steps[i]); idle.length() > 0)
        list.add(PhaseKind::kIdle, idle.from_s, idle.to_s);
      if (steps[i].last_known) unstored(list, i, end_s);
    }
    if (settled >= steps.size()) list.add(PhaseKind::kStartUp, 0, last_moment());
    list.add(PhaseKind::kDrain, last_moment(), end_s);
    ConsumerPhases result = list.take(end_s);
    result.begin_s = begin_s;
    mark_steps(result);
    return result;
  }

 private:
  // The first step behind the start-up.
  std::size_t settled_step() const {
    const auto& steps = steps_.steps;
    std::vector<double> lengths;
    for (std::size_t i = 1; i < steps.size() && !steps[i - 1].last_known; ++i) {
      if (!is_usual(i)) continue;
      lengths.push_back(std::log(std::max(steps[i].length(), 1e-9)));
    }
    std::size_t skip = lengths.size() < kFewestStepsToSettle ? 0 : settled_from(lengths);
    std::size_t step = 1;
    for (; step < steps.size() && skip > 0; ++step)
      if (is_usual(step)) --skip;
    return std::min(step, steps.size());
  }

  bool boundary(std::size_t i) const { return boundaries_[i]; }

  // A step like most: its time tells whether times have settled.
  bool is_usual(std::size_t i) const {
    const RawStep& step = steps_.steps[i];
    return !boundary(i) && !step.no_batch && !is_idle(step);
  }

  // The turn that found no batch, up to where the thread did something else.
  void epoch_end(PhaseList& list, std::size_t i, bool starting) const {
    const RawStep& turn = steps_.steps[i];
    if (starting) list.add(PhaseKind::kStartUp, 0, turn.start_s);
    if (turn.start_s >= last_moment()) return;  // the drain
    const Stretch idle = idle_part(turn);
    list.add(PhaseKind::kEpochBoundary, turn.start_s,
             idle.length() > 0 ? idle.from_s : std::max(turn.wait_end_s, turn.end_s));
  }

  void find_boundaries(std::size_t places) {
    const auto& steps = steps_.steps;
    boundaries_.resize(steps.size());
    Renumbering numbers(places);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool gap = i > 0 && steps[i - 1].last_known;
      const bool started =
          i > 0 && !gap &&
          (steps[i].init || any_between(starts_, steps[i - 1].wait_end_s, steps[i].wait_end_s));
      const bool ended = i > 0 && steps[i - 1].no_batch;
      if (gap || started || ended) numbers.reset();
      boundaries_[i] = numbers.add(steps[i].id) || started || ended;
    }
  }

  // A thread that was at another loader first comes to this one when its start-up
  // work, its workers or its first wait begin.
  double begin() const {
    const auto& steps = steps_.steps;
    if (steps_.elsewhere_until_s == 0 || steps.empty()) return 0;
    const auto started = std::lower_bound(starts_.begin(), starts_.end(), steps_.elsewhere_until_s);
    double begin_s = steps.front().start_s;
    if (started != starts_.end()) begin_s = std::min(begin_s, *started);
    if (steps_.init_start_s > 0) begin_s = std::min(begin_s, steps_.init_start_s);
    return std::max(begin_s, steps_.elsewhere_until_s);
  }

  double boundary_from(std::size_t i) const {
    const RawStep& before = steps_.steps[i - 1];
    const double from = steps_.steps[i].start_s;
    return before.init_start_s > 0 ? std::min(from, before.init_start_s) : from;
  }

  // The idle part behind a step, or of it; empty: it has none.
  Stretch idle_part(const RawStep& step) const {
    if (step.last_known) return {};
    if (step.away_to_s > 0) {
      // Behind the last step comes the drain.
      return &step == &steps_.steps.back() ? Stretch() : Stretch{step.away_from_s, step.away_to_s};
    }
    const double end_s = step.init_start_s > 0 ? step.init_start_s : step.end_s;
    const double pause_s = end_s - step.work_end_s;
    const bool seen = steps_.compute_recorded;
    const double steps = seen ? kIdleSteps : kIdleStepsUnrecorded;
    const double seconds = seen ? kIdleSeconds : kIdleSecondsUnrecorded;
    if (pause_s < seconds || pause_s < steps * median_s_) return {};
    // Unrecorded compute takes about what is left of a median step.
    return {seen ? step.work_end_s : std::min(end_s, step.work_end_s + median_s_), end_s};
  }

  // Does the step itself hold idle time?
  bool is_idle(const RawStep& step) const {
    const Stretch idle = idle_part(step);
    return idle.length() > 0 && idle.from_s < step.end_s;
  }

  // Behind step i the spans of a long run were not kept: ask the time windows.
  void unstored(PhaseList& list, std::size_t i, double end_s) const {
    const auto& steps = steps_.steps;
    const double from = steps[i].end_s;
    const double to = i + 1 < steps.size() ? steps[i + 1].start_s : end_s;
    std::vector<Stretch> windows;
    for (const format::Cell* cell : consumer_.track->cells) {
      const StageFacts& facts = facts_of(*consumer_.stages, cell->stage);
      if (facts.stage_class != StageClass::kWait || loader_of(facts, *consumer_.track) != loader_ ||
          cell->count == 0)
        continue;
      const double begin = consumer_.axis.at(cell->window << cell->shift);
      const double end = consumer_.axis.at((cell->window + 1) << cell->shift);
      if (end > from && begin < to) windows.push_back({begin, end});
    }
    std::sort(windows.begin(), windows.end(),
              [](const Stretch& a, const Stretch& b) { return a.from_s < b.from_s; });
    double reached = from;
    for (const Stretch& window : windows) {
      gap(list, reached, std::min(window.from_s, to));
      reached = std::max(reached, window.to_s);
    }
    gap(list, reached, to);
  }

  void gap(PhaseList& list, double from, double to) const {
    if (to - from > std::max(kIdleSecondsUnrecorded, kIdleStepsUnrecorded * median_s_))
      list.add(PhaseKind::kIdle, from, to);
  }

  // The end of the last step.
  double last_moment() const {
    const auto& steps = steps_.steps;
    const auto last = std::find_if(steps.rbegin(), steps.rend(),
                                   [](const RawStep& step) { return !step.no_batch; });
    if (last == steps.rend()) return 0;
    const double work_s = last->end_s - last->wait_end_s;
    const bool ended = last != steps.rbegin();  // by a wait
    const bool too_long = work_s > kIdleSeconds && work_s > kLastStepSteps * median_s_;
    return !ended && too_long ? last->wait_end_s : last->end_s;
  }

  void mark_steps(ConsumerPhases& result) const {
    const auto& steps = steps_.steps;
    result.is_steady.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool known =
          !steps[i].last_known && !steps[i].no_batch && (i + 1 < steps.size() || steps[i].computed);
      result.is_steady[i] = known && steps[i].length() > 0 &&
                            overlap(result.steady, steps[i].start_s, steps[i].end_s) >=
                                steps[i].length() * (1 - kRounding);
    }
  }

  const ConsumerSteps& steps_;
  const LoaderTrack& consumer_;
  const int loader_;
  const std::vector<double> starts_;
  std::vector<bool> boundaries_;  // before step i
  double median_s_ = 0;
};

}  // namespace

std::size_t settled_from(const std::vector<double>& values) {
  const std::size_t count = values.size();
  double sum = 0, squares = 0, best = std::numeric_limits<double>::infinity();
  std::size_t best_at = 0;
  // From the back, so that sums of the rest grow one value at a time.
  for (std::size_t i = count; i-- > 0;) {
    sum += values[i];
    squares += values[i] * values[i];
    const double rest = static_cast<double>(count - i);
    if (i > count / 2) continue;
    const double variance = std::max(0.0, squares / rest - (sum / rest) * (sum / rest));
    const double error = (variance + kFinest * kFinest) / rest;
    if (error <= best) {
      best = error;
      best_at = i;
    }
  }
  return best_at;
}

ConsumerPhases find_phases(const ConsumerSteps& steps, const LoaderTrack& consumer,
                           const std::vector<LoaderTrack>& workers, int loader, double end_s) {
  return PhaseFinder(steps, consumer, workers, loader).run(end_s);
}

ConsumerPhases phases_of_workers(const std::vector<LoaderTrack>& workers, double end_s) {
  double first = end_s, last = 0;
  for (const LoaderTrack& worker : workers) {
    for (const format::Cell* cell : worker.track->cells) {
      const StageClass stage_class = facts_of(*worker.stages, cell->stage).stage_class;
      if (!makes_batches(stage_class)) continue;
      first = std::min(first, worker.axis.at(cell->window << cell->shift));
      last = std::max(last, worker.axis.at((cell->window + 1) << cell->shift));
    }
  }
  PhaseList list;
  list.add(PhaseKind::kStartUp, 0, std::min(first, end_s));
  list.add(PhaseKind::kDrain, std::min(last, end_s), end_s);
  return list.take(end_s);
}

}  // namespace datamon::report
