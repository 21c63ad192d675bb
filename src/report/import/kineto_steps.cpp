#include "report/import/kineto_steps.h"

#include <algorithm>

namespace datamon::report {
namespace {

// From so many of the steps on that hold an optimizer step, one that holds none is
// the end of an epoch. (With gradient accumulation fewer do, and nothing follows.)
constexpr double kUsuallyOptimized = 0.8;

// The thread that waited longest for its batches.
std::optional<std::uint32_t> consumer_of(const std::vector<WaitRange>& waits) {
  std::map<std::uint32_t, double> waited;
  for (const WaitRange& wait : waits)
    waited[wait.thread] += 1 + static_cast<double>(wait.to_ns - wait.from_ns);
  std::optional<std::uint32_t> best;
  double most = 0;
  for (const auto& [thread, time] : waited) {
    if (time <= most) continue;
    most = time;
    best = thread;
  }
  return best;
}

template <typename Range>
std::vector<Range> disjoint_of_thread(const std::vector<Range>& ranges, std::uint32_t thread) {
  std::vector<Range> out;
  for (const Range& range : ranges)
    if (range.thread == thread && (out.empty() || range.from_ns >= out.back().to_ns))
      out.push_back(range);
  return out;
}

std::size_t starting_in(const std::vector<WaitRange>& waits, const std::vector<HostRange>& steps) {
  std::size_t found = 0, at = 0;
  for (const WaitRange& wait : waits) {
    while (at < steps.size() && steps[at].to_ns <= wait.from_ns) ++at;
    found += at < steps.size() && steps[at].from_ns <= wait.from_ns;
  }
  return found;
}

std::vector<KinetoStep> marked_steps(const std::vector<HostRange>& marks) {
  std::vector<KinetoStep> steps;
  for (const HostRange& mark : marks)
    if (mark.to_ns > mark.from_ns) steps.push_back({mark.from_ns, mark.to_ns});
  return steps;
}

// From one wait to the next; what follows the last one has no end.
std::vector<KinetoStep> steps_between(const std::vector<WaitRange>& waits) {
  std::vector<KinetoStep> steps;
  for (std::size_t i = 1; i < waits.size(); ++i)
    if (waits[i].from_ns > waits[i - 1].from_ns)
      steps.push_back({waits[i - 1].from_ns, waits[i].from_ns});
  return steps;
}

// The __next__ that ends an epoch is followed by no work on a batch.
void mark_boundaries(const std::vector<HostRange>& optimizer_steps,
                     std::vector<KinetoStep>& steps) {
  std::vector<bool> optimized(steps.size());
  std::size_t at = 0, count = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    while (at < optimizer_steps.size() && optimizer_steps[at].from_ns < steps[i].from_ns) ++at;
    optimized[i] = at < optimizer_steps.size() && optimizer_steps[at].from_ns < steps[i].to_ns;
    count += optimized[i];
  }
  // The profiler may stop in the middle of a step.
  if (2 * count >= steps.size() && steps.size() > 1 && !optimized.back())
    steps.back().kind = StepKind::kBoundary;
  if (static_cast<double>(count) < kUsuallyOptimized * static_cast<double>(steps.size())) return;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (!optimized[i]) steps[i].kind = StepKind::kBoundary;
}

// The first step pays for the workers' start and the profiler's, and what the
// boundary of an epoch is followed by pays for the next workers' start.
void mark_starts(std::vector<KinetoStep>& steps) {
  if (steps.size() < 3) return;
  steps.front().kind = StepKind::kStartUp;
  for (std::size_t i = 1; i < steps.size(); ++i)
    if (steps[i - 1].kind == StepKind::kBoundary && steps[i].kind == StepKind::kSteady &&
        i + 1 < steps.size() && steps[i + 1].kind == StepKind::kSteady) {
      steps[i].kind = StepKind::kBoundary;
      ++i;
    }
}

}  // namespace

KinetoSteps kineto_steps(const KinetoCollector& events) {
  KinetoSteps out;
  const auto consumer = consumer_of(events.waits);
  if (!consumer) return out;
  out.consumer_known = true;
  out.consumer = *consumer;
  out.waits = disjoint_of_thread(events.waits, *consumer);
  std::size_t own = 0;
  for (const WaitRange& wait : out.waits) {
    if (wait.to_ns > wait.from_ns) out.wait_spans.push_back({wait.from_ns, wait.to_ns});
    own += wait.makes_batch;
  }
  out.makes_batches = 2 * own > out.waits.size();
  const auto marks = disjoint_of_thread(events.steps, *consumer);
  out.marked_by_user = marks.size() >= 2 && 2 * starting_in(out.waits, marks) >= out.waits.size();
  out.steps = out.marked_by_user ? marked_steps(marks) : steps_between(out.waits);
  mark_boundaries(disjoint_of_thread(events.optimizer_steps, *consumer), out.steps);
  mark_starts(out.steps);
  for (const KinetoStep& step : out.steps)
    if (step.kind == StepKind::kSteady) {
      if (!out.steady.empty() && out.steady.back().to == step.from_ns)
        out.steady.back().to = step.to_ns;
      else
        out.steady.push_back({step.from_ns, step.to_ns});
    }
  return out;
}

}  // namespace datamon::report
