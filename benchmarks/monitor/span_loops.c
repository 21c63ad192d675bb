#include "span_loops.h"

#include <datamon/monitor.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#define TIMESTAMP() __rdtsc()
#else
#include <time.h>
static uint64_t TIMESTAMP(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct raw {
  uint64_t begin, end, id;
};
static _Thread_local struct raw raw_records[4096];

void raw_loop(long count) {
  for (long i = 0; i < count; ++i) {
    struct raw* to = &raw_records[i & 4095];
    to->begin = TIMESTAMP();
    KEEP(to);
    to->end = TIMESTAMP();
    to->id = (uint64_t)i;
    KEEP(to);
  }
}

void span_loop(long count) {
  for (long i = 0; i < count; ++i) {
    const uint64_t span = datamon_begin(DATAMON_DECODE);
    KEEP(&i);
    datamon_end(span);
  }
}

void nested_loop(long count) {
  for (long i = 0; i < count; ++i) {
    const uint64_t outer = datamon_begin(DATAMON_FETCH);
    const uint64_t inner = datamon_begin(DATAMON_DECODE);
    KEEP(&i);
    datamon_end(inner);
    datamon_end(outer);
  }
}

void item_loop(long count) {
  static const char name[] = "train/n01440764/n01440764_10026.JPEG";
  for (long i = 0; i < count; ++i) {
    const uint64_t span = datamon_begin(DATAMON_FETCH);
    KEEP(&i);
    datamon_end_with(span, (uint64_t)i, 100000, name, sizeof name - 1);
  }
}

void loader_loop(long count) {
  for (long i = 0; i < count; ++i)
    datamon_thread(DATAMON_ROLE_CONSUMER, 0, 1 + (uint32_t)(i & 1), "loader", 6);
}

int recording(void) { return datamon_active(); }

void switch_recording(int on) {
  static const datamon_api* table;
  if (table == NULL) table = datamon_table_;
  datamon_table_ = on ? table : NULL;
}
