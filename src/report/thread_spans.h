// The single spans of one thread in the order in which they ended, from all of
// its tracks: it has one for each loader that it takes from. Where spans of any
// of them were not stored, those of the others in that time are left out, too,
// so that what is seen is all that the thread did.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "report/loader_tracks.h"

namespace datamon::report {

// Spans that ended behind `from` and before `to` may be missing, in ticks.
struct MissingSpans {
  std::uint64_t from = 0, to = 0;
};

// Where single spans of the track were not stored; UINT64_MAX: its end.
std::vector<MissingSpans> missing_spans(const Track& track);

class ThreadSpans {
 public:
  // The tracks must outlive this.
  explicit ThreadSpans(std::vector<const LoaderTrack*> tracks);

  // Calls span(track, record) for each, and gap() where spans are missing.
  template <typename OnSpan, typename OnGap>
  void visit(OnSpan span, OnGap gap) {
    std::size_t next_gap = 0;
    while (Source* source = first()) {
      const format::SpanRecord& record = source->span();
      const std::uint64_t end = record.start + record.duration;
      bool lost = false;
      for (; next_gap < gaps_.size() && end > gaps_[next_gap].from; ++next_gap) {
        if (!gaps_[next_gap].said) gap();
        gaps_[next_gap].said = true;
        lost = end < gaps_[next_gap].to;
        if (lost) break;
      }
      if (!lost) span(*source->track, record);
      source->next();
    }
  }

  // False if spans are missing anywhere.
  bool complete() const { return gaps_.empty(); }

 private:
  struct Source {
    const LoaderTrack* track;
    std::size_t block = 0, index = 0;

    bool done() const { return block >= track->track->spans.size(); }
    const format::SpanRecord& span() const { return track->track->spans[block][index]; }
    std::uint64_t end() const { return span().start + span().duration; }
    void next() {
      ++index;
      skip_empty();
    }
    void skip_empty() {
      while (!done() && index >= track->track->spans[block].size()) {
        ++block;
        index = 0;
      }
    }
  };
  struct Gap : MissingSpans {
    bool said = false;
  };

  Source* first() {
    if (sources_.size() == 1) return sources_[0].done() ? nullptr : &sources_[0];
    Source* found = nullptr;
    for (Source& source : sources_)
      if (!source.done() && (found == nullptr || source.end() < found->end())) found = &source;
    return found;
  }

  std::vector<Source> sources_;
  std::vector<Gap> gaps_;  // sorted, disjoint
};

}  // namespace datamon::report
