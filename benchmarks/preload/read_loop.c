/* Reads a file in pieces, again and again: `datamon-read-loop FILE PIECE_BYTES
 * READS` prints {"reads", "wall_s", "cpu_s"} of the loop. The yardstick of the
 * preloaded library's cost: nothing but reads, from the page cache. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char** argv) {
  if (argc != 4) return fputs("usage: datamon-read-loop FILE PIECE_BYTES READS\n", stderr), 2;
  const size_t piece = strtoul(argv[2], NULL, 10);
  const long reads = strtol(argv[3], NULL, 10);
  char* buffer = malloc(piece);
  const int file = open(argv[1], O_RDONLY);
  if (file < 0 || buffer == NULL || read(file, buffer, piece) <= 0) return perror(argv[1]), 1;
  const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (long i = 0; i < reads; ++i)
    if (read(file, buffer, piece) < (ssize_t)piece) lseek(file, 0, SEEK_SET);
  printf("{\"reads\": %ld, \"wall_s\": %.9f, \"cpu_s\": %.9f}\n", reads,
         seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  return 0;
}
