// Pairs each batch's hand-over: the slice in which a worker sent it and the
// slice in which the consumer got it.
//
// Slices are seen last first, and a consumer may get a batch before its
// worker's send has returned, so either side may come first. What waits for its
// other half is bounded: the ones waiting longest are given up.
// Used by one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace datamon::report {

// A batch of one loader of one group (a consumer and its workers). Batch numbers
// may repeat every epoch.
struct BatchKey {
  std::uint32_t group = 0;
  std::uint32_t loader = 0;
  std::uint64_t batch = 0;
  bool operator==(const BatchKey&) const = default;
};

struct FlowEnd {
  std::int64_t start = 0;    // ns, of the slice
  std::uint32_t thread = 0;  // index in TraceIdentity::threads
  bool written = true;       // false: the slice is left out, and so is the arrow
};

struct Flow {
  FlowEnd send, receive;
};

class FlowMatcher {
 public:
  explicit FlowMatcher(std::size_t most_waiting = 65536) : most_waiting_(most_waiting) {}

  std::optional<Flow> sent(const BatchKey& key, FlowEnd end);
  std::optional<Flow> received(const BatchKey& key, FlowEnd end);

 private:
  struct Waiting {
    std::optional<FlowEnd> send, receive;
    std::uint64_t arrival = 0;
  };
  struct Hash {
    std::size_t operator()(const BatchKey& key) const {
      const std::uint64_t mixed = (key.batch + (static_cast<std::uint64_t>(key.group) << 40) +
                                   (static_cast<std::uint64_t>(key.loader) << 52)) *
                                  0x9E3779B97F4A7C15u;
      return static_cast<std::size_t>(mixed ^ (mixed >> 32));
    }
  };
  using Table = std::unordered_map<BatchKey, Waiting, Hash>;

  std::optional<Flow> pair_up(Table::iterator place);
  Table::iterator find_or_add(const BatchKey& key);

  const std::size_t most_waiting_;
  std::uint64_t arrivals_ = 0;
  Table waiting_;
  std::deque<std::pair<BatchKey, std::uint64_t>> order_;  // oldest first; may name what has gone
};

}  // namespace datamon::report
