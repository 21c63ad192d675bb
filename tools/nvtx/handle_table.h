// A map from a number that is not 0 (a handle, a range's id, a hash) to two
// words, without locks: a forked child finds it usable whatever other threads
// were doing.
//
// Thread-safe. Never allocates. A key lives in one of kWindow neighbouring slots;
// where they are taken, it is not kept and insert() says so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace datamon::nvtx {

struct Words {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

template <std::size_t kSlots>
class HandleTable {
  static_assert((kSlots & (kSlots - 1)) == 0);

 public:
  std::optional<Words> find(std::uint64_t key) const {
    if (!is_key(key)) return std::nullopt;
    for (std::size_t i = 0; i < kWindow; ++i) {
      const Slot& slot = at(key, i);
      if (slot.key.load(std::memory_order_acquire) != key) continue;
      const Words words{slot.first.load(std::memory_order_acquire),
                        slot.second.load(std::memory_order_acquire)};
      // Taken out and used anew meanwhile: what was read may be another's.
      if (slot.key.load(std::memory_order_relaxed) == key) return words;
    }
    return std::nullopt;
  }

  // Replaces what the key had. Of two threads that insert one key at the same
  // time, either's words may be found.
  bool insert(std::uint64_t key, Words words) {
    if (!is_key(key)) return false;
    for (std::size_t i = 0; i < kWindow; ++i)
      if (at(key, i).key.load(std::memory_order_acquire) == key) return set(at(key, i), words);
    for (std::size_t i = 0; i < kWindow; ++i) {
      Slot& slot = at(key, i);
      std::uint64_t empty = 0;
      if (slot.key.load(std::memory_order_relaxed) != 0 ||
          !slot.key.compare_exchange_strong(empty, kBeingFilled, std::memory_order_acq_rel))
        continue;
      set(slot, words);
      slot.key.store(key, std::memory_order_release);
      return true;
    }
    return false;
  }

  // Takes the key out; of several threads one gets its words.
  std::optional<Words> take(std::uint64_t key) {
    if (!is_key(key)) return std::nullopt;
    for (std::size_t i = 0; i < kWindow; ++i) {
      Slot& slot = at(key, i);
      if (slot.key.load(std::memory_order_acquire) != key) continue;
      const Words words{slot.first.load(std::memory_order_acquire),
                        slot.second.load(std::memory_order_acquire)};
      std::uint64_t expected = key;
      if (slot.key.compare_exchange_strong(expected, 0, std::memory_order_acq_rel)) return words;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kWindow = 16;
  static constexpr std::uint64_t kBeingFilled = UINT64_MAX;

  struct Slot {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::uint64_t> first{0};
    std::atomic<std::uint64_t> second{0};
  };

  static bool is_key(std::uint64_t key) { return key != 0 && key != kBeingFilled; }

  static bool set(Slot& slot, Words words) {
    slot.first.store(words.first, std::memory_order_release);
    slot.second.store(words.second, std::memory_order_release);
    return true;
  }

  static std::size_t place(std::uint64_t key, std::size_t i) {
    const std::uint64_t mixed = key * 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>((mixed >> 32) + i) & (kSlots - 1);
  }
  Slot& at(std::uint64_t key, std::size_t i) { return slots_[place(key, i)]; }
  const Slot& at(std::uint64_t key, std::size_t i) const { return slots_[place(key, i)]; }

  Slot slots_[kSlots];
};

}  // namespace datamon::nvtx
