/* datamon recording API for C and C++ (C11, C++17 and later; Linux).
 *
 * Include this header and mark the stages of your loader; nothing needs to be
 * linked. When the environment says MON=1 the header opens libdatamon.so.0 at
 * program start and every call records; otherwise each call is one predictable
 * branch (<= 1 ns) and nothing is loaded.
 *
 *     uint64_t span = datamon_begin(DATAMON_DECODE);
 *     decode(...);
 *     datamon_end(span);
 *
 * Where the library is looked for: $MON_LIBRARY, then the path that the
 * program was compiled with (DATAMON_LIBRARY_PATH, set by find_package(datamon)
 * and pkg-config), then the system's library path. If it cannot be opened one
 * line goes to stderr and the job runs on, unrecorded.
 *
 * Thread-safety: every function may be called from any thread at any time,
 * except from signal handlers. A span is begun and ended on the same thread.
 * Errors: none is ever reported to the caller; what cannot be recorded is
 * counted in the recording. No call throws or changes errno.
 * Ownership: strings are copied before a call returns.
 * Latency: beginning and ending a span, and datamon_record(), take no lock and no
 * memory and make no system call: about 30 ns. datamon_define_stage(),
 * datamon_thread(), datamon_note() and datamon_file() may lock, and so do the
 * following (times of a local disk, none other wanting the lock):
 * - a thread's first span, a forked child's (it makes its file), and a thread's
 *   first slow item: the process' lock, memory and pages;
 * - a thread's first end in a time window: clock and sampler are looked after,
 *   7 us, never waiting for the lock; the first of each stage in the window: the lock,
 *   below 1 us, 3 us where a fresh page is taken for seven of them. There are 64
 *   windows of 0.25 to 0.5 s, and 32 more each time that the job has run twice as
 *   long; then they double, and merging takes some 5 us for each of the thread's stages;
 * - each 2046th span of a thread: the lock and a block of 64 KiB, 30 to 50 us
 *   while it is a fresh one, until spans have half of the file;
 * - behind each 16th fresh block, at most MON_MAX_MB (64) times a process: under the
 *   lock the file is opened and extended by 1 MiB, 0.3 to 0.5 ms. Where the file
 *   system cannot reserve space (some network ones) zeros are written, for as
 *   long as that takes: set MON_DIR to a local folder;
 * - a random part of the spans, as many as MON_BUDGET pays for: their CPU time is
 *   read by system calls, 1.5 us, no lock;
 * - MON_PROBE=1, which delays on purpose.
 */
#ifndef DATAMON_MONITOR_H_
#define DATAMON_MONITOR_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the function table below. A library serves every header whose
 * version is not newer than its own. */
#define DATAMON_API_VERSION 1u

/* What kind of work a stage is. The diagnosis adds up exclusive time by class;
 * the numbers are part of the recording format and never change. */
typedef enum datamon_class {
  DATAMON_CLASS_OTHER = 0,
  DATAMON_CLASS_INIT = 1,      /* start-up of a worker or of an epoch */
  DATAMON_CLASS_FETCH = 2,     /* getting one item; its own time is unnamed dataset code */
  DATAMON_CLASS_READ = 3,      /* bytes from storage or network */
  DATAMON_CLASS_DECODE = 4,    /* compressed bytes to samples */
  DATAMON_CLASS_TRANSFORM = 5, /* crop, resize, flip, normalise, augment */
  DATAMON_CLASS_COLLATE = 6,   /* items to a batch */
  DATAMON_CLASS_HANDOFF = 7,   /* send, queue, receive, pin */
  DATAMON_CLASS_TRANSFER = 8,  /* host memory to device memory */
  DATAMON_CLASS_WAIT = 9,      /* the consumer waits for a batch */
  DATAMON_CLASS_COMPUTE = 10,  /* the rest of the consumer's step */
  DATAMON_CLASS_GPU = 11       /* the device is busy */
} datamon_class;

/* A stage number. Built-in stages are fixed; others come from
 * datamon_define_stage(). 0 is never a stage: spans of it are ignored. */
typedef uint16_t datamon_stage;
enum {
  DATAMON_NO_STAGE = 0,
  DATAMON_INIT = 1,
  DATAMON_FETCH = 2, /* one item, or one fetched list; encloses read, decode, transform */
  DATAMON_READ = 3,
  DATAMON_DECODE = 4,
  DATAMON_TRANSFORM = 5,
  DATAMON_COLLATE = 6, /* id: the batch */
  DATAMON_SEND = 7,    /* id: the batch */
  DATAMON_QUEUE = 8,   /* residence between send and receive; use datamon_record() */
  DATAMON_RECEIVE = 9, /* inside wait; id: the batch */
  DATAMON_PIN = 10,
  DATAMON_TRANSFER = 11,
  DATAMON_WAIT = 12,    /* the consumer's input wait; id: the batch it got, none at the end */
  DATAMON_COMPUTE = 13, /* id: the batch it works on */
  DATAMON_GPU_BUSY = 14,
  DATAMON_FIRST_USER_STAGE = 64,
  DATAMON_MAX_STAGES = 8192 /* definitions beyond this are refused (DATAMON_NO_STAGE) */
};

/* What a thread does in the loader. */
typedef enum datamon_role {
  DATAMON_ROLE_OTHER = 0,
  DATAMON_ROLE_CONSUMER = 1,     /* takes batches: the training loop */
  DATAMON_ROLE_WORKER = 2,       /* prepares batches; index is its number from 0 */
  DATAMON_ROLE_PIN = 3,          /* a pin-memory or hand-off helper thread */
  DATAMON_ROLE_SAMPLER = 4,      /* the monitor's own */
  DATAMON_ROLE_DEVICE = 5,       /* no thread but a GPU, or a stream of one */
  DATAMON_ROLE_DEVICE_CALLS = 6, /* when a thread, index, waited for a GPU */
  DATAMON_ROLE_UNCHANGED = 255   /* datamon_thread() only names the thread */
} datamon_role;

/* No batch or item number is known. */
#define DATAMON_NO_ID UINT64_MAX

/* What was done with a data file since the last call about it; counts are added
 * to those of the same path. */
typedef struct datamon_file_use {
  const char* path; /* any bytes; of a long path the end is kept */
  size_t path_bytes;
  uint64_t key;        /* datamon_file_key() of the whole path */
  uint64_t file_bytes; /* size of the file, 0 if unknown */
  uint64_t uses;       /* 1 with the first read or mapping after an opening, else 0 */
  uint64_t reads;      /* calls that read */
  uint64_t bytes_read;
  uint64_t bytes_mapped;
  uint64_t read_ticks;    /* in the calls; of one call if `reads` is 1 */
  uint64_t storage_bytes; /* of which storage and not the page cache delivered; 0 if unknown */
  uint64_t slow_reads;    /* calls that took longer than the page cache does */
  uint64_t slow_ticks;    /* in those */
} datamon_file_use;

/* The library's functions; filled once, never changed afterwards. Functions
 * behind `note` came later: they are there if `bytes` says so. */
typedef struct datamon_api {
  uint32_t version;
  uint32_t bytes; /* size of this struct in the library */
  uint64_t (*now)(void);
  uint64_t (*begin)(datamon_stage stage);
  void (*end)(uint64_t span);
  void (*end_with)(uint64_t span, uint64_t id, uint64_t bytes, const char* name, size_t name_bytes);
  void (*record)(datamon_stage stage, uint64_t start, uint64_t end, uint64_t id, uint64_t bytes);
  datamon_stage (*define_stage)(const char* name, size_t name_bytes, uint32_t stage_class,
                                uint32_t loader);
  void (*thread)(uint32_t role, uint32_t index, uint32_t loader, const char* name,
                 size_t name_bytes);
  void (*note)(const char* key, size_t key_bytes, const char* value, size_t value_bytes);
  uint64_t (*begin_unless_inside)(datamon_stage stage);
  void (*file)(const datamon_file_use* use);
} datamon_api;

/* The table, or NULL when this job is not recorded. One per program or shared
 * object; private to this header. */
__attribute__((weak, visibility("hidden"))) const datamon_api* datamon_table_;

/* True when the job is being recorded. */
static inline int datamon_active(void) { return __builtin_expect(datamon_table_ != NULL, 0) != 0; }

/* The recording's clock, in ticks (the recording says how long one is); 0 when
 * not recording. Ticks of all processes of one host can be compared. */
static inline uint64_t datamon_now(void) { return datamon_active() ? datamon_table_->now() : 0; }

/* Begins a span on this thread; spans nest (up to 64 deep, deeper ones are
 * counted as dropped). Returns its handle, to be given to exactly one end call;
 * 0 when nothing is recorded. Ending an outer span ends the inner ones left
 * open (an exception, longjmp); a handle that is not open is ignored. */
static inline uint64_t datamon_begin(datamon_stage stage) {
  return datamon_active() ? datamon_table_->begin(stage) : 0;
}

/* True if the library has the function. */
#define DATAMON_HAS_(function) \
  (datamon_active() && datamon_table_->bytes > offsetof(datamon_api, function))

/* Begins a span unless one of the same class is open on this thread: then what
 * it would measure is measured already, and 0 is returned. For libraries and
 * interposers that do not know who calls them. */
static inline uint64_t datamon_begin_unless_inside(datamon_stage stage) {
  return DATAMON_HAS_(begin_unless_inside) ? datamon_table_->begin_unless_inside(stage) : 0;
}

/* Ends a span. */
static inline void datamon_end(uint64_t span) {
  if (datamon_active()) datamon_table_->end(span);
}

/* Ends a span and says what it worked on: the item's or batch's number (or
 * DATAMON_NO_ID), the bytes it handled, and a name (a file's path, say; may be
 * NULL). The name is kept only for the slowest items. */
static inline void datamon_end_with(uint64_t span, uint64_t id, uint64_t bytes, const char* name,
                                    size_t name_bytes) {
  if (datamon_active()) datamon_table_->end_with(span, id, bytes, name, name_bytes);
}

/* Records an interval that did not happen on this thread's stack, between two
 * datamon_now() readings of this host: a batch's residence in a queue, say. It
 * takes no part in nesting. */
static inline void datamon_record(datamon_stage stage, uint64_t start, uint64_t end, uint64_t id,
                                  uint64_t bytes) {
  if (datamon_active()) datamon_table_->record(stage, start, end, id, bytes);
}

/* Defines a stage, or returns the number that this process already gave to the
 * same name, class and loader. Names are bytes of any kind, cut at 104; a name
 * "transform/blur" is shown below "transform". `loader` numbers the data
 * loader it belongs to (0 where there is one). Not for hot paths: it locks. */
static inline datamon_stage datamon_define_stage(const char* name, size_t name_bytes,
                                                 datamon_class stage_class, uint32_t loader) {
  return datamon_active()
             ? datamon_table_->define_stage(name, name_bytes, (uint32_t)stage_class, loader)
             : (datamon_stage)DATAMON_NO_STAGE;
}

/* Says what the calling thread is, and for which data loader (0 where there is
 * one) its spans are from now on. `name` may be NULL.
 *
 * What a thread recorded before its first call counts as well. A thread that
 * serves several loaders calls again at each change, in each step if need be (it
 * costs less than 0.1 us): later spans are of the new role, index and loader, earlier
 * ones stay what they were. Inside an open span such a change is ignored: the
 * span cannot be of two loaders. With the same role, index and loader only the
 * name changes, at any time. */
static inline void datamon_thread(datamon_role role, uint32_t index, uint32_t loader,
                                  const char* name, size_t name_bytes) {
  if (datamon_active()) datamon_table_->thread((uint32_t)role, index, loader, name, name_bytes);
}

/* Writes a fact about the job into the recording: "loader.workers" = "8". The
 * keys that the report understands are listed in docs/recording-format.md. */
static inline void datamon_note(const char* key, size_t key_bytes, const char* value,
                                size_t value_bytes) {
  if (datamon_active()) datamon_table_->note(key, key_bytes, value, value_bytes);
}

/* The key of a file: the same for the same path in every process. */
static inline uint64_t datamon_file_key(const char* path, size_t path_bytes) {
  uint64_t hash = UINT64_C(14695981039346656037);
  size_t i;
  for (i = 0; i < path_bytes; ++i) hash = (hash ^ (unsigned char)path[i]) * UINT64_C(1099511628211);
  hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  hash ^= hash >> 33;
  return hash != 0 ? hash : 1;
}

/* Counts what was done with a data file. The counts of the whole process are
 * exact; single files are kept for some thousands, slow ones first. */
static inline void datamon_file(const datamon_file_use* use) {
  if (DATAMON_HAS_(file)) datamon_table_->file(use);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

/* How datamon_table_ is filled at program start. Programs that only want the
 * numbers above (a reader of recordings) define DATAMON_NO_ATTACH. */
#ifndef DATAMON_NO_ATTACH
#include <datamon/attach.h>
#endif

#endif /* DATAMON_MONITOR_H_ */
