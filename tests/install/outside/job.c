/* The same job as job.cpp, in C11. */
#include <datamon/monitor.h>
#include <stdint.h>
#include <time.h>

static void burn(long milliseconds) {
  struct timespec start;
  struct timespec now;
  timespec_get(&start, TIME_UTC);
  do {
    timespec_get(&now, TIME_UTC);
  } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
           milliseconds);
}

int main(void) {
  datamon_thread(DATAMON_ROLE_CONSUMER, 0, 0, NULL, 0);
  datamon_stage blur = datamon_define_stage("transform/blur", 14, DATAMON_CLASS_TRANSFORM, 0);
  for (uint64_t step = 0; step < 200; ++step) {
    uint64_t wait = datamon_begin(DATAMON_WAIT);
    uint64_t decode = datamon_begin(DATAMON_DECODE);
    burn(4);
    datamon_end_with(decode, step, 1000, NULL, 0);
    uint64_t transform = datamon_begin(blur);
    datamon_end_with(transform, step, 0, NULL, 0);
    datamon_end_with(wait, step, 0, NULL, 0);
    uint64_t compute = datamon_begin(DATAMON_COMPUTE);
    burn(1);
    datamon_end_with(compute, step, 0, NULL, 0);
  }
  return 0;
}
