// The makers' single reads: whether they get in each other's way.
#include <algorithm>
#include <utility>
#include <vector>

#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// More say no more, and cost time and memory.
constexpr std::size_t kMostReads = 200'000;

void add_reads(const LoaderTrack& worker, int reader, const Stretches& steady, std::size_t most,
               std::vector<TimedRead>& reads) {
  const std::size_t until = reads.size() + most;
  for (const auto& block : worker.track->spans) {
    for (const format::SpanRecord& span : block) {
      if (facts_of(*worker.stages, span.stage).stage_class != StageClass::kRead) continue;
      const double start_s = worker.axis.at(span.start);
      if (!contains(steady, start_s)) continue;
      if (reads.size() >= until) return;
      reads.push_back({start_s, start_s + worker.axis.lasting(span.duration),
                       static_cast<double>(span.bytes), reader});
    }
  }
}

}  // namespace

void fill_reads(Profile& profile, const Analysis& analysis) {
  const auto& workers = analysis.tracks.workers;
  if (workers.empty()) return;
  double self_s = 0, blocked_s = 0, fault_s = 0;
  for (const StageProfile& stage : profile.stages) {
    if (stage.on_consumer || !stage.split.known || !makes_batches(stage)) continue;
    if (stage.stage_class != StageClass::kRead) {
      fault_s += stage.split.fault_s;
      continue;
    }
    self_s += stage.self_s;
    blocked_s += stage.split.blocked_s;
  }
  ReadProfile& out = profile.reads;
  // Workers that take turns at a place, an epoch each, are there one after the other.
  double alive_s = 0;
  for (const WorkerProfile& worker : profile.workers) alive_s += worker.alive_s;
  if (alive_s > 0) out.waiting_share = std::min(1.0, (blocked_s + fault_s) / alive_s);
  if (!(self_s > 0)) return;
  out.blocked_share = blocked_s / self_s;
  std::vector<TimedRead> reads;
  int reader = 0;
  for (const LoaderTrack& worker : workers)
    add_reads(worker, reader++, analysis.phases_for(worker).steady, kMostReads / workers.size(),
              reads);
  out.sharing = read_sharing(reads);
  out.overlap = read_overlap(std::move(reads));
  out.waiting_share = std::max(out.waiting_share, out.blocked_share * out.overlap.active_share);
}

}  // namespace datamon::report
