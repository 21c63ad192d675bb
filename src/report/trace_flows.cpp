#include "report/trace_flows.h"

namespace datamon::report {

std::optional<Flow> FlowMatcher::sent(const BatchKey& key, FlowEnd end) {
  const auto place = find_or_add(key);
  place->second.send = end;
  return pair_up(place);
}

std::optional<Flow> FlowMatcher::received(const BatchKey& key, FlowEnd end) {
  const auto place = find_or_add(key);
  place->second.receive = end;
  return pair_up(place);
}

FlowMatcher::Table::iterator FlowMatcher::find_or_add(const BatchKey& key) {
  const auto found = waiting_.find(key);
  if (found != waiting_.end()) return found;
  while (order_.size() >= most_waiting_) {
    const auto old = waiting_.find(order_.front().first);
    if (old != waiting_.end() && old->second.arrival == order_.front().second) waiting_.erase(old);
    order_.pop_front();
  }
  order_.emplace_back(key, ++arrivals_);
  Waiting waiting;
  waiting.arrival = arrivals_;
  return waiting_.emplace(key, waiting).first;
}

// An arrow never points back in time: a consumer that is said to have got the
// batch before the worker began to send it got another epoch's.
std::optional<Flow> FlowMatcher::pair_up(Table::iterator place) {
  Waiting& waiting = place->second;
  if (!waiting.send || !waiting.receive) return std::nullopt;
  if (waiting.receive->start <= waiting.send->start) {
    // Seen last first, so the earlier of the two may still find its half; the later one cannot.
    waiting.send.reset();
    return std::nullopt;
  }
  const Flow flow{*waiting.send, *waiting.receive};
  waiting_.erase(place);
  return flow;
}

}  // namespace datamon::report
