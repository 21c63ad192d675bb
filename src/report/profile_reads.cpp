// The makers' single reads: whether they get in each other's way.
#include <utility>
#include <vector>

#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// More say no more, and cost time and memory.
constexpr std::size_t kMostReads = 200'000;

void add_reads(const LoaderTrack& worker, const Stretches& steady, std::size_t most,
               std::vector<TimedRead>& reads) {
  const std::size_t until = reads.size() + most;
  for (const auto& block : worker.track->spans) {
    for (const format::SpanRecord& span : block) {
      if (facts_of(*worker.stages, span.stage).stage_class != StageClass::kRead) continue;
      const double start_s = worker.axis.at(span.start);
      if (!contains(steady, start_s)) continue;
      if (reads.size() >= until) return;
      reads.push_back(
          {start_s, start_s + worker.axis.lasting(span.duration), static_cast<double>(span.bytes)});
    }
  }
}

}  // namespace

void fill_reads(Profile& profile, const Analysis& analysis) {
  const auto& workers = analysis.tracks.workers;
  if (workers.size() < 2) return;  // nobody to meet
  double self_s = 0, blocked_s = 0;
  for (const StageProfile& stage : profile.stages) {
    if (stage.stage_class != StageClass::kRead || stage.on_consumer || !stage.split.known) continue;
    self_s += stage.self_s;
    blocked_s += stage.split.blocked_s;
  }
  if (!(self_s > 0)) return;
  profile.reads.blocked_share = blocked_s / self_s;
  std::vector<TimedRead> reads;
  for (const LoaderTrack& worker : workers)
    add_reads(worker, analysis.phases_for(worker).steady, kMostReads / workers.size(), reads);
  profile.reads.overlap = read_overlap(std::move(reads));
}

}  // namespace datamon::report
