#include "report/profile.h"

#include <algorithm>

#include "report/parallel.h"
#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// The latest moment that any file speaks of.
double last_moment(const Recording& recording, const Timeline& timeline,
                   const LoaderTracks& tracks) {
  double end_s = 0;
  const auto& processes = recording.processes();
  for (std::size_t p = 0; p < processes.size(); ++p) {
    const format::FileHeader& header = processes[p].header;
    std::uint64_t ticks = header.first_pair.ticks;
    if (header.latest_index > 0)
      ticks = std::max(ticks, header.latest_pair[header.latest_index & 1].ticks);
    // A process that was killed says nothing of its end; its sampler did until then.
    if (const auto& rows = processes[p].samples.row_ticks; !rows.empty())
      ticks = std::max(ticks, rows.back());
    if (header.end_ticks != 0) ticks = header.end_ticks;
    end_s = std::max(end_s, timeline.axis(p).at(ticks));
  }
  for (const auto* list : {&tracks.consumers, &tracks.workers, &tracks.helpers})
    for (const LoaderTrack& track : *list) end_s = std::max(end_s, track.end_s);
  return end_s;
}

// What the analysis runs in parallel: one piece of work for each track.
void analyse_tracks(Analysis& analysis) {
  const LoaderTracks& tracks = analysis.tracks;
  analysis.steps.resize(tracks.consumers.size());
  parallel_for(tracks.consumers.size(), [&](std::size_t i) {
    analysis.steps[i] = collect_steps(tracks.consumers[i], tracks.elsewhere, tracks.loader);
  });
  for (std::size_t i = 0; i < tracks.consumers.size(); ++i) {
    analysis.phases.push_back(find_phases(analysis.steps[i], tracks.consumers[i], tracks.workers,
                                          tracks.loader, analysis.end_s));
  }
  if (analysis.phases.empty())
    analysis.phases.push_back(phases_of_workers(tracks.workers, analysis.end_s));

  std::vector<const LoaderTrack*> all, makers, feeders;
  for (const auto* list : {&tracks.consumers, &tracks.workers, &tracks.helpers, &tracks.elsewhere})
    for (const LoaderTrack& track : *list) all.push_back(&track);
  for (const LoaderTrack& track : tracks.workers) makers.push_back(&track);
  for (const LoaderTrack& track : tracks.consumers) makers.push_back(&track);
  for (const LoaderTrack& track : tracks.helpers)
    if (track.handoff == HandoffThread::kFeeder) feeders.push_back(&track);
  makers.insert(makers.end(), feeders.begin(), feeders.end());
  analysis.sums.resize(all.size());
  analysis.batches.resize(makers.size());
  parallel_for(all.size() + makers.size(), [&](std::size_t i) {
    if (i < makers.size()) {
      analysis.batches[i] = collect_batches(*makers[i], tracks.loader);
    } else {
      const LoaderTrack& track = *all[i - makers.size()];
      analysis.sums[i - makers.size()] =
          sum_track(track, tracks.loader, analysis.phases_for(track).steady);
    }
  });
  // What the consumers did elsewhere matters as far as it was in this loader's steps
  // and not in others' inside of them.
  for (std::size_t i = all.size() - tracks.elsewhere.size(); i < all.size(); ++i) {
    analysis.sums[i].rest.clear();
    if (analysis.steps[all[i]->consumer].nested_only()) analysis.sums[i].steady.clear();
  }
  const auto first_feeder = analysis.batches.end() - static_cast<std::ptrdiff_t>(feeders.size());
  hand_over({analysis.batches.begin(), first_feeder}, {first_feeder, analysis.batches.end()});
  analysis.batches.erase(first_feeder, analysis.batches.end());
}

}  // namespace

const char* to_string(StageClass stage_class) {
  constexpr const char* names[kStageClasses] = {"other",    "init",      "fetch",   "read",
                                                "decode",   "transform", "collate", "handoff",
                                                "transfer", "wait",      "compute", "gpu"};
  const auto index = static_cast<std::size_t>(stage_class);
  return index < std::size(names) ? names[index] : names[0];
}

Analysis::Analysis(const Recording& recording_to_read, int wanted_loader)
    : recording(recording_to_read),
      timeline(recording.processes()),
      tracks(select_tracks(recording, timeline, wanted_loader)),
      end_s(last_moment(recording, timeline, tracks)),
      notes(recording, tracks.loader) {
  analyse_tracks(*this);
  analyse_devices(*this);
}

Profile build_profile(const Recording& recording, const ProfileOptions& options) {
  const Analysis analysis(recording, options.loader);
  Profile profile;
  profile.loader = analysis.tracks.loader;
  profile.loaders = analysis.tracks.loaders;
  profile.problems = problems_of(recording);
  profile.phases = analysis.phases.front().phases;
  fill_job(profile, analysis);
  fill_consumer(profile, analysis);
  fill_stages(profile, analysis);
  fill_batches(profile, analysis);
  fill_workers(profile, analysis);
  fill_throughput(profile, analysis);
  fill_reads(profile, analysis);
  fill_slow_items(profile, analysis);
  fill_files(profile, recording);
  fill_machine(profile, analysis);
  fill_cost(profile, analysis);
  fill_probe(profile, analysis);
  profile.gpu = analysis.gpu;
  return profile;
}

}  // namespace datamon::report
