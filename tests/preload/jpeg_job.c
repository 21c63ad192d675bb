/* Decodes JPEGs with the libjpeg that it is linked with, as a program would that
 * knows nothing of datamon. `jpeg_job MODE FILE...` prints a checksum a file.
 *   files    one after the other; a broken one is left by longjmp
 *   threads  the first file, then four threads, each all files
 *   child    a forked child decodes them, then the parent
 *   handler  as files, with a signal handler that reads files all the time
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
/* clang-format off: jpeglib.h needs stdio.h */
#include <jpeglib.h>
/* clang-format on */

static char** files;
static int file_count;

struct error_exit {
  struct jpeg_error_mgr manager;
  jmp_buf back;
};

static void leave(j_common_ptr jpeg) { longjmp(((struct error_exit*)jpeg->err)->back, 1); }
static void say_nothing(j_common_ptr jpeg, int level) { (void)jpeg, (void)level; }

/* A checksum of the pixels, or 0 for a broken file. */
static uint64_t decode(const char* path) {
  struct jpeg_decompress_struct jpeg;
  struct error_exit error;
  FILE* volatile file = fopen(path, "rb");
  JSAMPLE* volatile row = NULL;
  volatile uint64_t sum = 14695981039346656037u;
  if (file == NULL) return 0;
  jpeg.err = jpeg_std_error(&error.manager);
  error.manager.error_exit = leave;
  error.manager.emit_message = say_nothing;
  if (setjmp(error.back) != 0) {
    sum = 0;
  } else {
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg_start_decompress(&jpeg);
    row = malloc(jpeg.output_width * (size_t)jpeg.output_components);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPLE* rows[1] = {row};
      jpeg_read_scanlines(&jpeg, rows, 1);
      for (size_t i = 0; i < jpeg.output_width * (size_t)jpeg.output_components; ++i)
        sum = (sum ^ row[i]) * 1099511628211u;
    }
    errno = EXDEV;
    jpeg_finish_decompress(&jpeg);
    if (errno != EXDEV) sum = 1;
  }
  jpeg_destroy_decompress(&jpeg);
  free(row);
  fclose(file);
  return sum;
}

static void* decode_all(void* print) {
  for (int i = 0; i < file_count; ++i) {
    const uint64_t sum = decode(files[i]);
    if (print != NULL) printf("%016llx\n", (unsigned long long)sum);
  }
  return NULL;
}

static void read_something(int signal) {
  char bytes[512];
  const int before = errno, file = open(files[0], O_RDONLY);
  (void)signal;
  if (file >= 0 && read(file, bytes, sizeof bytes) < 0) _exit(9);
  close(file);
  errno = before;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  files = argv + 2;
  file_count = argc - 2;
  if (strcmp(argv[1], "threads") == 0) {
    pthread_t threads[4];
    decode(files[0]);
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, decode_all, NULL);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    return 0;
  }
  if (strcmp(argv[1], "child") == 0) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
      decode_all(NULL);
      _exit(0);
    }
    waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  if (strcmp(argv[1], "handler") == 0) {
    const struct itimerval often = {{0, 500}, {0, 500}};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = read_something;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
  }
  decode_all(argv);
  return 0;
}
