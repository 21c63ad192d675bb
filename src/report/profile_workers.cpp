// One line for each worker, and the single batches.
#include <algorithm>
#include <map>

#include "report/median.h"
#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// A worker that made nothing for this many of its usual batch times, and for
// this long, while the others went on has stopped.
constexpr double kStoppedBatches = 10, kStoppedSeconds = 1.0;

// The tracks that took turns at one worker's place.
struct Place {
  std::vector<const TrackSums*> sums;
  std::vector<const TrackBatches*> batches;
  std::vector<const TrackSums*> feeders;
  const LoaderTrack* latest = nullptr;
};

using PlaceKey = std::pair<std::size_t, int>;  // consumer, index

std::map<PlaceKey, Place> places(const Analysis& analysis) {
  std::map<PlaceKey, Place> result;
  for (const TrackSums& sums : analysis.sums) {
    if (sums.track->kind != TrackKind::kWorker) continue;
    Place& place = result[{sums.track->consumer, sums.track->index}];
    place.sums.push_back(&sums);
    if (place.latest == nullptr || sums.track->start_s >= place.latest->start_s)
      place.latest = sums.track;
  }
  for (const TrackSums& sums : analysis.sums) {
    if (sums.track->handoff != HandoffThread::kFeeder) continue;
    const auto place = result.find({sums.track->consumer, sums.track->index});
    if (place != result.end()) place->second.feeders.push_back(&sums);
  }
  for (const TrackBatches& batches : analysis.batches)
    if (batches.track->kind == TrackKind::kWorker)
      result[{batches.track->consumer, batches.track->index}].batches.push_back(&batches);
  return result;
}

// Readings of a stage over all tracks, for tracks without their own.
std::map<StageClass, StageSums> pooled(const Analysis& analysis) {
  std::map<StageClass, StageSums> result;
  for (const TrackSums& sums : analysis.sums) {
    if (sums.track->kind != TrackKind::kWorker) continue;
    for (const auto& [stage, stage_sums] : sums.steady)
      result[facts_of(*sums.track->stages, stage).stage_class].add(stage_sums);
  }
  return result;
}

void add_track(WorkerProfile& worker, const TrackSums& sums, const Stretches& steady,
               std::map<StageClass, StageSums>& pool) {
  worker.alive_s += overlap(steady, sums.track->start_s, sums.track->end_s);
  worker.busy_s += busy_seconds(sums, sums.steady);
  for (const auto& [stage, stage_sums] : sums.steady) {
    const StageFacts& facts = facts_of(*sums.track->stages, stage);
    if (facts.residence || facts.stage_class == StageClass::kWait) continue;
    worker.self_s[static_cast<std::size_t>(facts.stage_class)] += stage_sums.self_s;
    const TimeSplit split = scaled_split(stage_sums, pool[facts.stage_class]);
    worker.cpu_s += split.cpu_s;
    worker.runqueue_s += split.runqueue_s;
    worker.blocked_s += split.blocked_s;
  }
}

WorkerProfile to_profile(const Place& place, const Analysis& analysis, const PlaceKey& key,
                         std::map<StageClass, StageSums>& pool) {
  WorkerProfile worker;
  worker.index = key.second;
  worker.pid = place.latest->process->header.pid;
  worker.tid = place.latest->track->record.tid;
  worker.name = place.latest->track->name;
  worker.has_role = static_cast<Role>(place.latest->track->record.role) == Role::kWorker;
  worker.rank = place.latest->rank;
  worker.consumer = static_cast<std::uint32_t>(key.first);
  worker.self_s.assign(kStageClasses, 0.0);
  const Stretches& steady = analysis.phases_for(*place.latest).steady;
  MadeCounts made;
  for (const TrackSums* sums : place.sums) {
    add_track(worker, *sums, steady, pool);
    made.add(count_made(*sums, sums->steady));
  }
  for (const TrackSums* feeder : place.feeders) {
    worker.has_feeder = true;
    worker.feeder_busy_s += busy_seconds(*feeder, feeder->steady);
  }
  worker.items = made.items(analysis.notes.batch_size());
  worker.batches = made.batches();
  std::vector<double> lengths_ms;
  for (const TrackBatches* batches : place.batches)
    for (const BatchSample& batch : batches->batches)
      if (contains(steady, batch.end_s)) lengths_ms.push_back((batch.end_s - batch.start_s) * 1e3);
  worker.batch_p50_ms = median(std::move(lengths_ms));
  return worker;
}

double last_work(const Place& place) {
  const LoaderTrack& track = *place.latest;
  double last_s = track.start_s;
  for (const auto* batches : place.batches)
    if (batches->track == &track && !batches->batches.empty())
      last_s = std::max(last_s, batches->batches.back().end_s);
  if (!track.ended) last_s = std::max(last_s, track.end_s);
  return last_s;
}

// When each consumer's busiest ends of work were: the latest two places.
struct LatestTwo {
  double first_s = 0, second_s = 0;
  void add(double time_s) {
    if (time_s > first_s) std::swap(time_s, first_s);
    second_s = std::max(second_s, time_s);
  }
  // The latest of all but the place that ended at `own_s`.
  double without(double own_s) const { return own_s >= first_s ? second_s : first_s; }
};

// Marks workers that fell silent while the others of their consumer (or, if
// there is one worker only, the consumer itself) went on.
void mark_ended_early(std::vector<WorkerProfile>& workers, const std::map<PlaceKey, Place>& all,
                      const Analysis& analysis) {
  std::map<std::size_t, LatestTwo> latest;
  for (const auto& [key, place] : all) latest[key.first].add(last_work(place));
  std::size_t i = 0;
  for (const auto& [key, place] : all) {
    WorkerProfile& worker = workers[i++];
    if (place.latest->ended) continue;
    const double own_s = last_work(place);
    double others_s = latest[key.first].without(own_s);
    if (others_s == 0 && key.first < analysis.steps.size() &&
        !analysis.steps[key.first].steps.empty())
      others_s = analysis.steps[key.first].steps.back().start_s;
    const double usual_s =
        worker.batches > 0 ? worker.alive_s / static_cast<double>(worker.batches) : 0;
    worker.ended_early = others_s - own_s > std::max(kStoppedSeconds, kStoppedBatches * usual_s);
  }
}

}  // namespace

void fill_workers(Profile& profile, const Analysis& analysis) {
  const auto all = places(analysis);
  auto pool = pooled(analysis);
  for (const auto& [key, place] : all)
    profile.workers.push_back(to_profile(place, analysis, key, pool));
  mark_ended_early(profile.workers, all, analysis);
}

void fill_batches(Profile& profile, const Analysis& analysis) {
  const bool have_workers = !analysis.tracks.workers.empty();
  for (const TrackBatches& made : analysis.batches) {
    if ((made.track->kind == TrackKind::kWorker) != have_workers) continue;
    const Stretches& steady = analysis.phases_for(*made.track).steady;
    for (const BatchSample& batch : made.batches)
      if (contains(steady, batch.end_s)) profile.batches.push_back(batch);
  }
  std::stable_sort(profile.batches.begin(), profile.batches.end(),
                   [](const BatchSample& a, const BatchSample& b) { return a.end_s < b.end_s; });
  keep_ends(profile.batches, kMostBatches);
  const int noted = analysis.notes.batch_size();
  for (BatchSample& batch : profile.batches)
    if (batch.items == 0) batch.items = noted > 0 ? static_cast<std::uint32_t>(noted) : 1;
}

void fill_throughput(Profile& profile, const Analysis& analysis) {
  MadeCounts all, steady;
  for (const TrackSums& sums : analysis.sums) {
    // Hand-off threads see the batches of others a second time.
    if (sums.track->handoff != HandoffThread::kNone) continue;
    const MadeCounts in = count_made(sums, sums.steady);
    steady.add(in);
    all.add(in);
    all.add(count_made(sums, sums.rest));
  }
  profile.items = all.items(analysis.notes.batch_size());
  profile.batch_count = all.batches();
  const ConsumerProfile& consumer = profile.consumer;
  if (consumer.steady_s > 0 && consumer.steady_steps > 0) {
    profile.steps_per_s = static_cast<double>(consumer.steady_steps) / consumer.steady_s;
    profile.batches_per_s = profile.steps_per_s * std::max(1, consumers_at_once(analysis, false));
    const double items_each =
        profile.batch_count > 0
            ? static_cast<double>(profile.items) / static_cast<double>(profile.batch_count)
            : static_cast<double>(analysis.notes.batch_size());
    profile.items_per_s = profile.batches_per_s * items_each;
  } else if (!consumer.present) {
    const double steady_s = total(analysis.phases.front().steady);
    if (!(steady_s > 0)) return;
    profile.batches_per_s = static_cast<double>(steady.batches()) / steady_s;
    profile.items_per_s = static_cast<double>(steady.items(analysis.notes.batch_size())) / steady_s;
  }
}

}  // namespace datamon::report
