/* The public header is C11 without extensions and without warnings. */
#include <datamon/monitor.h>

int main(void) {
  const uint64_t span = datamon_begin(DATAMON_DECODE);
  datamon_thread(DATAMON_ROLE_WORKER, 1, 0, NULL, 0);
  datamon_note("a", 1, "b", 1);
  datamon_record(DATAMON_QUEUE, datamon_now(), datamon_now(), DATAMON_NO_ID, 0);
  datamon_end_with(span, 1, 2, "name", 4);
  datamon_end(datamon_begin(datamon_define_stage("s", 1, DATAMON_CLASS_OTHER, 0)));
  return datamon_active();
}
