/* Opens the monitor library at program start when MON=1 asks for it. Part of
 * monitor.h; include that instead.
 *
 * Each translation unit brings a constructor; the first one to run in a
 * program or shared object fills the table, the others see it filled. A
 * set-user-ID program is never recorded (secure_getenv). */
#ifndef DATAMON_ATTACH_H_
#define DATAMON_ATTACH_H_

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the library exports: its table, or NULL (having printed why, once). */
typedef const datamon_api* (*datamon_attach_function)(uint32_t header_version);

/* Only the project's own NVTX reader asks for another function. */
#ifndef DATAMON_ATTACH_SYMBOL
#define DATAMON_ATTACH_SYMBOL "datamon_attach"
#endif

/* 0: not tried yet, 1: tried. One per program or shared object. */
__attribute__((weak, visibility("hidden"))) int datamon_attach_tried_;

/* From the GNU C library; declared here since strict -std=c11 hides it. */
extern char* secure_getenv(const char* name)
#ifdef __cplusplus
    __THROW
#endif
    ;

static inline void* datamon_open_library_(void) {
  const char* from_environment = secure_getenv("MON_LIBRARY");
  void* library = NULL;
  if (from_environment != NULL && from_environment[0] != '\0')
    return dlopen(from_environment, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
#ifdef DATAMON_LIBRARY_PATH
  library = dlopen(DATAMON_LIBRARY_PATH, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
#endif
  if (library == NULL) library = dlopen("libdatamon.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  return library;
}

__attribute__((constructor)) static void datamon_attach_(void) {
  const char* asked;
  void* library;
  void* symbol;
  datamon_attach_function attach;
  if (datamon_attach_tried_) return;
  datamon_attach_tried_ = 1;
  asked = secure_getenv("MON");
  if (asked == NULL || asked[0] == '\0' || (asked[0] == '0' && asked[1] == '\0')) return;
  library = datamon_open_library_();
  symbol = library != NULL ? dlsym(library, DATAMON_ATTACH_SYMBOL) : NULL;
  if (symbol == NULL) {
    fprintf(stderr, "datamon: not recording: %s; set MON_LIBRARY to the path of libdatamon.so.0\n",
            dlerror());
    return;
  }
  memcpy(&attach, &symbol, sizeof attach); /* ISO C has no cast from object to function pointer */
  datamon_table_ = attach(DATAMON_API_VERSION);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DATAMON_ATTACH_H_ */
