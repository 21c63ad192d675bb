// The time in which a device did anything, from intervals that come in no order:
// those of several streams overlap, and CUPTI hands over what has ended. They are
// held back for a while and come out merged, by time.
//
// An interval that begins before what is out already counts from there on: of
// something so late, the idle time before it is lost, not its length behind it.
//
// Not thread-safe. Allocates once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace datamon::cupti {

class BusyUnion {
 public:
  struct Interval {
    std::uint64_t from, to;
  };

  BusyUnion() = default;

  // False: no memory. Then nothing is kept.
  bool start();

  // Full: emit() has to be called first. Empty intervals count as one tick.
  bool full() const { return count_ == kMost; }
  void add(std::uint64_t from, std::uint64_t to);

  // Calls out(from, to) for what had ended by `until`; UINT64_MAX for all. With
  // the buffer full the earlier half comes out in any case.
  template <typename Out>
  void emit(std::uint64_t until, Out out) {
    const std::size_t ready = merge(until);
    for (std::size_t i = 0; i < ready; ++i) {
      const std::uint64_t from = kept_[i].from < emitted_until_ ? emitted_until_ : kept_[i].from;
      if (kept_[i].to <= from) continue;
      out(from, kept_[i].to);
      emitted_until_ = kept_[i].to;
    }
    drop(ready);
  }

 private:
  static constexpr std::size_t kMost = 65536;

  // Sorts and merges; how many intervals, from the first, may come out.
  std::size_t merge(std::uint64_t until);
  void drop(std::size_t first);

  std::unique_ptr<Interval[]> kept_;
  std::size_t count_ = 0;
  std::uint64_t emitted_until_ = 0;
};

}  // namespace datamon::cupti
