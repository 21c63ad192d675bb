/* Reads FILE in every way that the C library offers, each time all of it, and
 * prints what came and errno. `reads_job FILE [kill]`. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char buffer[1 << 16];

static void show(const char* how, const void* bytes, long count) {
  uint64_t sum = 14695981039346656037u;
  for (long i = 0; i < count; ++i) sum = (sum ^ ((const unsigned char*)bytes)[i]) * 1099511628211u;
  printf("%s %ld %016llx errno %d\n", how, count, (unsigned long long)sum, errno);
}

static void by_descriptor(const char* path) {
  struct iovec parts[2] = {{buffer, 1000}, {buffer + 1000, sizeof buffer - 1000}};
  const int file = open(path, O_RDONLY);
  const int other = dup(file);
  show("read", buffer, read(file, buffer, sizeof buffer));
  show("at the end", buffer, read(file, buffer, sizeof buffer));
  lseek(other, 0, SEEK_SET);
  show("dup", buffer, read(other, buffer, sizeof buffer));
  close(file);
  show("pread", buffer, pread(other, buffer, sizeof buffer, 0));
  show("preadv", buffer, preadv(other, parts, 2, 0));
  lseek(other, 0, SEEK_SET);
  show("readv", buffer, readv(other, parts, 2));
  struct stat status;
  fstat(other, &status);
  void* mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, other, 0);
  show("mmap", mapped, status.st_size);
  munmap(mapped, (size_t)status.st_size);
  close(other);
  errno = 0;
  show("closed", buffer, read(other, buffer, sizeof buffer) + 1);
  errno = 0;
  show("no file", buffer, open("/no/such/file", O_RDONLY) + 1);
  errno = 0;
}

static void by_stream(const char* path) {
  FILE* file = fopen(path, "rb");
  long count = 0;
  for (size_t got; (got = fread(buffer + count, 1, 700, file)) > 0;) count += (long)got;
  show("fread", buffer, count);
  rewind(file);
  count = 0;
  for (int c; (c = getc(file)) != EOF;) buffer[count++] = (unsigned char)c;
  show("getc", buffer, count);
  rewind(file);
  count = 0;
  while (fgets((char*)buffer + count, 300, file) != NULL)
    count += (long)strlen((char*)buffer + count);
  show("fgets", buffer, count);
  rewind(file);
  char* line = NULL;
  size_t room = 0;
  count = 0;
  for (ssize_t got; (got = getline(&line, &room, file)) > 0; count += got)
    memcpy(buffer + count, line, (size_t)got);
  show("getline", buffer, count);
  free(line);
  fclose(file);
}

/* A pipe that takes over the number of a closed file is no file. */
static void by_pipe(const char* path) {
  int ends[2];
  close(open(path, O_RDONLY));
  if (pipe(ends) != 0 || write(ends[1], "0123456789", 10) != 10) exit(4);
  show("pipe", buffer, read(ends[0], buffer, sizeof buffer));
}

/* What a forked child reads from an inherited descriptor is its own. */
static void in_child(const char* path) {
  const int file = open(path, O_RDONLY);
  if (read(file, buffer, 10) != 10) exit(5);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    show("child", buffer, read(file, buffer, sizeof buffer));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  close(file);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  by_descriptor(argv[1]);
  by_stream(argv[1]);
  by_pipe(argv[1]);
  in_child(argv[1]);
  fflush(stdout);
  if (argc > 2) {
    const int file = open(argv[1], O_RDONLY);
    if (read(file, buffer, 100) == 100) raise(SIGKILL);
  }
  return 0;
}
