/* The loops that bench-monitor times, compiled as C with the public header: what
 * a user's program does. Each runs `count` rounds. */
#ifndef DATAMON_BENCHMARKS_SPAN_LOOPS_H_
#define DATAMON_BENCHMARKS_SPAN_LOOPS_H_

#ifdef __cplusplus
extern "C" {
#endif

void raw_loop(long count);     /* two raw timestamps and a 24-byte store */
void span_loop(long count);    /* begin, end */
void nested_loop(long count);  /* one span in another: two spans a round */
void item_loop(long count);    /* begin, end with number, bytes and name */
void loader_loop(long count);  /* goes to another loader: one change a round */
int recording(void);           /* true if this program is being recorded */
void switch_recording(int on); /* as if MON were unset */

#ifdef __cplusplus
}
#endif

#endif
