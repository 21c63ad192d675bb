// Holds a zero-initialised pthread mutex for a scope. Zero is a valid unlocked
// mutex, so one in arena memory is free again in a forked child.
#pragma once

#include <pthread.h>

namespace datamon::monitor {

class Lock {
 public:
  explicit Lock(pthread_mutex_t& mutex) : mutex_(mutex) { ::pthread_mutex_lock(&mutex_); }
  ~Lock() { ::pthread_mutex_unlock(&mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

}  // namespace datamon::monitor
