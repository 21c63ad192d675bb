#include "report/thread_spans.h"

namespace datamon::report {

std::vector<MissingSpans> missing_spans(const Track& track) {
  std::vector<MissingSpans> missing;
  std::uint64_t expected = 0, last_end = 0;
  for (std::size_t i = 0; i < track.spans.size(); ++i) {
    if (track.spans[i].empty()) continue;
    const format::SpanRecord& first = track.spans[i].front();
    if (track.spans_before[i] != expected)
      missing.push_back({last_end, std::max(last_end, first.start + first.duration)});
    expected = track.spans_before[i] + track.spans[i].size();
    const format::SpanRecord& last = track.spans[i].back();
    last_end = std::max(last_end, last.start + last.duration);
  }
  if (expected < track.record.span_count) missing.push_back({last_end, UINT64_MAX});
  return missing;
}

ThreadSpans::ThreadSpans(std::vector<const LoaderTrack*> tracks) {
  for (const LoaderTrack* of_thread : tracks) {
    Source source{of_thread};
    source.skip_empty();
    sources_.push_back(source);
    for (const MissingSpans& missing : missing_spans(*of_thread->track))
      gaps_.push_back({missing, false});
  }
  std::sort(gaps_.begin(), gaps_.end(), [](const Gap& a, const Gap& b) { return a.from < b.from; });
  std::vector<Gap> merged;
  for (const Gap& gap : gaps_) {
    if (!merged.empty() && gap.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, gap.to);
    else
      merged.push_back(gap);
  }
  gaps_ = std::move(merged);
}

}  // namespace datamon::report
