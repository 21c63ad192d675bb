// A resource that is shared equally by all who want it: cores, storage.
//
// As long as no more than `capacity` want it, each is served at full speed;
// beyond that all are slowed alike (processor sharing). Because all rates are
// equal, one counter of service given to each (virtual time) orders the ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace datamon::report {

class SharedStation {
 public:
  // `others` want the resource all the time, and get as much as each of ours.
  // `pressure`: besides, our share of what we use of it falls as the share of a
  // group of a given weight does that is spread over more of the resource.
  SharedStation(double capacity, double others, double pressure = 0)
      : capacity_(capacity), others_(others), pressure_(pressure) {}

  // `work_s` > 0 at full speed, by `weight` > 0 threads at once.
  void add(double now_s, double work_s, double weight, int who) {
    advance(now_s);
    queue_.push_back({service_s_ + work_s, weight, next_++, who});
    std::push_heap(queue_.begin(), queue_.end(), later);
    wanted_ += weight;
    set_rate();
  }

  // When the next one is done; infinity if none is there.
  double next_s() const {
    if (queue_.empty()) return std::numeric_limits<double>::infinity();
    return now_s_ + std::max(0.0, queue_.front().end_service_s - service_s_) / rate_;
  }

  // Takes that one out; returns who it is.
  int pop(double now_s) {
    advance(now_s);
    std::pop_heap(queue_.begin(), queue_.end(), later);
    const Entry entry = queue_.back();
    queue_.pop_back();
    service_s_ = std::max(service_s_, entry.end_service_s);
    wanted_ = queue_.empty() ? 0 : wanted_ - entry.weight;
    set_rate();
    return entry.who;
  }

 private:
  struct Entry {
    double end_service_s, weight;
    std::uint64_t order;  // ties end in the order of coming
    int who;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.end_service_s != b.end_service_s ? a.end_service_s > b.end_service_s
                                              : a.order > b.order;
  }
  void advance(double now_s) {
    if (!queue_.empty()) service_s_ += std::max(0.0, now_s - now_s_) * rate_;
    now_s_ = now_s;
  }
  void set_rate() {
    const double wanted = wanted_ + others_;
    rate_ = wanted <= capacity_ ? 1.0 : capacity_ / wanted;
    if (pressure_ > 0) rate_ /= 1 + pressure_ * std::min(wanted_, capacity_);
  }

  const double capacity_, others_, pressure_;
  std::vector<Entry> queue_;  // heap
  double now_s_ = 0, service_s_ = 0, wanted_ = 0, rate_ = 1;
  std::uint64_t next_ = 0;
};

}  // namespace datamon::report
