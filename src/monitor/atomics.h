// Plain single-writer stores that a concurrent reader may see: on x86-64 these
// are ordinary moves, and they tell compiler and sanitizers what is meant.
#pragma once

#include <atomic>

namespace datamon::monitor {

template <typename T>
T load_relaxed(T& field) {
  return std::atomic_ref<T>(field).load(std::memory_order_relaxed);
}

template <typename T>
void store_relaxed(T& field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

template <typename T>
void store_release(T& field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_release);
}

// field += value by its only writer; no read-modify-write instruction.
template <typename T>
void bump(T& field, T value) {
  store_relaxed(field, static_cast<T>(load_relaxed(field) + value));
}

// field += value by several writers; returns what it was.
template <typename T>
T add_relaxed(T& field, T value) {
  return std::atomic_ref<T>(field).fetch_add(value, std::memory_order_relaxed);
}

}  // namespace datamon::monitor
