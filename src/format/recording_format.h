// The recording file, struct by struct: the only thing that the monitor (which
// writes it) and the report (which reads it) share. docs/recording-format.md
// says the same byte by byte, with the order of publication and what a reader
// must do with damage; a test keeps the two together.
//
// A recording is a directory with one file `HOST-PID-START.mon` a process. A
// file is one FileHeader (4096 bytes) and then blocks, each a multiple of 4096
// bytes at a multiple of 4096, up to FileHeader::allocated_bytes. All numbers
// are little-endian. Times are ticks of the file's clock (see ClockPair) unless
// the name ends in a unit.
//
// Writing order. A block's fields are written first and its `magic` last
// (release). Inside a block the count of records is stored (release) after the
// records. So whoever reads at any moment, or after a kill -9, sees whole
// records only. Counters in cells are plain stores: a snapshot may miss the
// parts of one span.
#pragma once

#include <cstddef>
#include <cstdint>

namespace datamon::format {

inline constexpr char kFileMagic[8] = {'d', 'a', 't', 'a', 'm', 'o', 'n', '\n'};
inline constexpr std::uint32_t kVersionMajor = 1;  // a reader refuses a newer major version
inline constexpr std::uint32_t kVersionMinor = 2;  // and reads what it knows of a newer minor one
inline constexpr std::uint32_t kByteOrderMark = 0x01020304;
inline constexpr std::uint32_t kBlockMagic = 0x4b424d44;  // "DMBK"
inline constexpr std::size_t kBlockAlignment = 4096;
inline constexpr std::uint64_t kNoId = UINT64_MAX;
inline constexpr std::uint32_t kUnknown = UINT32_MAX;

enum class ClockKind : std::uint32_t {
  kInvariantTsc = 1,  // ticks of the time stamp counter; ClockPairs give the rate
  kMonotonic = 2,     // ticks are nanoseconds of CLOCK_MONOTONIC
};

// The same moment on three clocks. Two pairs of a file give the length of a
// tick; realtime places recordings of several hosts on one axis.
struct ClockPair {
  std::uint64_t ticks;
  std::uint64_t monotonic_ns;
  std::uint64_t realtime_ns;     // since 1970
  std::uint64_t uncertainty_ns;  // how far apart the three readings may be
};
static_assert(sizeof(ClockPair) == 32);

enum class EndState : std::uint32_t {
  kOpen = 0,    // running, or ended without a word: killed, _exit, crashed
  kExited = 1,  // left through exit() or return from main
  kExeced = 2,  // reserved
};

struct FileHeader {
  char magic[8];  // kFileMagic; written last
  std::uint32_t version_major;
  std::uint32_t version_minor;
  std::uint32_t byte_order_mark;
  std::uint32_t header_bytes;     // where the first block starts: 4096
  std::uint64_t max_bytes;        // the file never grows beyond this
  std::uint64_t allocated_bytes;  // blocks lie in [header_bytes, allocated_bytes)

  std::uint32_t pid;
  std::uint32_t parent_pid;
  std::uint32_t rank;  // kUnknown when no launcher said
  std::uint32_t local_rank;
  std::uint32_t world_size;
  std::uint32_t is_root;        // 1: no recorded process started it, and it is rank 0 if it has one
  std::uint64_t process_start;  // clock ticks since boot, /proc/PID/stat field 22
  char boot_id[40];             // /proc/sys/kernel/random/boot_id, NUL-padded
  char host[64];                // NUL-padded

  std::uint32_t clock_kind;        // ClockKind
  std::uint32_t end_state;         // EndState
  std::uint64_t end_ticks;         // 0 unless end_state says ended
  ClockPair first_pair;            // at start
  ClockPair latest_pair[2];        // refreshed while running; [latest_index & 1] is whole
  std::uint64_t latest_index;      // 0: none yet; else number of refreshes
  std::uint64_t ticks_per_second;  // the writer's own estimate; pairs are better

  // What the monitor cost this process.
  std::uint64_t span_cost_ticks_x1024;  // one begin/end pair, calibrated at start, times 1024
  std::uint64_t reading_ticks;          // spent in CPU-time, schedstat and rusage readings
  std::uint64_t startup_ticks;          // spent attaching
  std::uint64_t sampler_cpu_ns;         // the sampler thread, if it runs here
  std::uint64_t budget_ppm;             // MON_BUDGET as parts per million of wall time

  // What could not be recorded. Unstored spans are in the cells all the same.
  std::uint64_t dropped_spans;     // in neither cells nor span blocks
  std::uint64_t unstored_spans;    // counted in cells, not kept one by one
  std::uint64_t mismatched_ends;   // end calls whose span was not open
  std::uint64_t refused_stages;    // definitions beyond the limit
  std::uint64_t disk_full_events;  // times that space could not be had
  // Since version 1.1.
  std::uint64_t unrecorded_children;  // forked, recorded something, and could have no file
};
static_assert(offsetof(FileHeader, allocated_bytes) == 32);
static_assert(offsetof(FileHeader, pid) == 40);
static_assert(offsetof(FileHeader, boot_id) == 72);
static_assert(offsetof(FileHeader, clock_kind) == 176);
static_assert(offsetof(FileHeader, first_pair) == 192);
static_assert(offsetof(FileHeader, latest_index) == 288);
static_assert(offsetof(FileHeader, span_cost_ticks_x1024) == 304);
static_assert(offsetof(FileHeader, dropped_spans) == 344);
static_assert(offsetof(FileHeader, unrecorded_children) == 384);
static_assert(sizeof(FileHeader) == 392);

enum class BlockType : std::uint16_t {
  kStages = 1,     // StageRecord[count]
  kTrack = 2,      // one TrackRecord
  kCells = 3,      // Cell[7]; live ones say so themselves
  kSpans = 4,      // SpanRecord[count], oldest first, of one track
  kSlow = 5,       // SlowRecord[count], unordered, of one track
  kNotes = 6,      // text: `key NUL value NUL` ..., count bytes of it
  kMetrics = 7,    // MetricRecord[count]: the columns of the sampler's rows
  kSamples = 8,    // rows of the sampler
  kProcesses = 9,  // ProcessSample[count] of the sampler
  // Since version 1.2.
  kFileTotals = 10,  // one FileTotals: the data files that the process read
  kFiles = 11,       // FileRecord[count]: some of them one by one
};

// Starts every block. Unknown types are skipped by `bytes`. A page-aligned
// place without kBlockMagic is a block that was not finished: skip one page.
struct BlockHeader {
  std::uint32_t magic;  // kBlockMagic; written last
  std::uint16_t type;   // BlockType
  std::uint16_t reserved0;
  std::uint32_t bytes;       // whole block, header included; a multiple of 4096
  std::uint32_t track;       // number of the track it belongs to, or kUnknown
  std::uint64_t count;       // records (or bytes, kNotes) that are whole
  std::uint64_t first;       // kSpans: how many spans of the track were stored before [0]
  std::uint64_t generation;  // odd while the block is being reused: ignore its records
  // kSamples, kProcesses: a file has two blocks of the type; the one with the
  // higher number is valid, 0 never is. The other may be rewritten at any time.
  std::uint64_t active;
  std::uint64_t reserved1[2];
};
static_assert(sizeof(BlockHeader) == 64);

struct StageRecord {
  std::uint16_t id;
  std::uint16_t stage_class;  // datamon_class
  std::uint16_t loader;
  std::uint16_t name_bytes;  // <= sizeof name
  char name[104];            // any bytes
};
static_assert(sizeof(StageRecord) == 112);

// One thread, or several short-lived ones after each other (threads > 1). A
// thread that serves several data loaders has a track for each.
struct TrackRecord {
  std::uint32_t number;  // unique in the file, from 0
  std::uint32_t tid;     // of the latest thread
  std::uint32_t role;    // datamon_role
  std::uint32_t index;   // worker number
  std::uint32_t loader;
  std::uint32_t threads;  // how many threads it stands for
  std::uint64_t start_ticks;
  std::uint64_t end_ticks;      // 0 while the thread lives and is here
  std::uint64_t span_count;     // spans ended (stored or not), up to the last window change
  std::uint64_t root_ticks;     // wall time inside depth-0 spans, up to the last window change
  std::uint64_t sampled_roots;  // span trees with CPU readings; a depth-0 span and all in it, or
                                // subtrees of one that lasts long
  std::uint64_t skipped_roots;  // those without
  // Two cells of neighbouring windows are merged into a third. From the moment
  // the third is whole until the two are freed, merge_state names them:
  // bit 63 set, then 3 x 21 bits of cell number (into, from a, from b; a == b
  // when one cell only gets a wider window). A reader then counts `into`,
  // whatever its state says, and neither a nor b. Cell numbers count the
  // track's cells in block order. The kTrack block's `active` counts merges: a
  // live reader that finds it changed looks at the cells again.
  std::uint64_t merge_state;
  std::uint16_t name_bytes;
  char name[62];
};
static_assert(sizeof(TrackRecord) == 144);

enum class CellState : std::uint8_t { kFree = 0, kLive = 1, kScratch = 2 };

// Durations fall into buckets of a quarter octave of ticks: bucket 0 is
// < 2^8 ticks; bucket 1 + 4*o + q holds [2^(8+o) * (1 + q/4), ... (1 + (q+1)/4)).
inline constexpr int kHistogramBuckets = 118;
inline constexpr int kHistogramFirstOctave = 8;

// Exact sums of one stage on one track in one time window. The window is
// [window << shift, (window + 1) << shift) in ticks; a span counts where it ends.
struct Cell {
  std::uint64_t window;
  std::uint8_t shift;
  std::uint8_t state;  // CellState
  std::uint16_t stage;
  std::uint32_t reserved;
  std::uint64_t count;
  std::uint64_t wall_ticks;  // inclusive
  std::uint64_t self_ticks;  // exclusive of nested spans
  std::uint64_t bytes;
  std::uint64_t max_ticks;  // longest span, inclusive
  // Of those spans whose CPU time was read (all numbers exclusive of nested
  // spans); blocked = sampled_self - cpu - runqueue.
  std::uint64_t sampled_count;
  std::uint64_t sampled_self_ns;
  std::uint64_t cpu_ns;
  std::uint64_t runqueue_ns;
  std::uint64_t fault_ns;  // blocked time of spans with major page faults
  std::uint64_t major_faults;
  std::uint32_t histogram[kHistogramBuckets];  // of inclusive time; saturates
};
static_assert(sizeof(Cell) == 576);
inline constexpr int kCellsPerBlock = 7;
static_assert(sizeof(BlockHeader) + kCellsPerBlock * sizeof(Cell) == kBlockAlignment);

enum SpanFlags : std::uint8_t {
  kSpanInterval = 1,  // from datamon_record: not on the thread's stack
  kSpanSampled = 2,   // CPU time was read
};

struct SpanRecord {
  std::uint64_t start;
  std::uint64_t duration;
  std::uint64_t id;     // batch or item, or kNoId
  std::uint32_t bytes;  // saturates at 4 GiB; the cell's sum is exact
  std::uint16_t stage;
  std::uint8_t depth;  // 0: no span around it
  std::uint8_t flags;  // SpanFlags
};
static_assert(sizeof(SpanRecord) == 32);
inline constexpr std::size_t kSpanBlockBytes = 65536;
inline constexpr std::size_t kSpansPerBlock =
    (kSpanBlockBytes - sizeof(BlockHeader)) / sizeof(SpanRecord);  // 2046

// One of the slowest items (spans ended with an id, outermost only), with its
// name and what its nested stages took.
struct SlowPart {
  std::uint64_t self_ticks;
  std::uint16_t stage;
  std::uint16_t reserved[3];
};
struct SlowRecord {
  std::uint64_t start;
  std::uint64_t duration;
  std::uint64_t id;
  std::uint64_t bytes;
  std::uint64_t version;  // odd while being replaced: ignore
  std::uint16_t stage;
  std::uint16_t name_bytes;  // <= sizeof name; the end of a longer name is kept
  std::uint32_t parts;       // <= 6
  SlowPart part[6];
  char name[112];
};
static_assert(sizeof(SlowRecord) == 256);

enum class MetricKind : std::uint32_t {
  kGauge = 0,    // a level at the time of the row
  kCounter = 1,  // only grows; differences mean something
};

struct MetricRecord {
  std::uint32_t kind;  // MetricKind
  std::uint16_t unit_bytes;
  std::uint16_t name_bytes;
  char unit[24];  // "ns", "bytes", "1", "%", ...
  char name[96];  // "cpu.total", "psi.io.some", "disk.sda.read_bytes", ...
};
static_assert(sizeof(MetricRecord) == 128);

// A row of kSamples: ticks, then one double for each metric in the order of the
// kMetrics blocks; NaN: could not be read. Row size = 8 * (1 + metrics).

// What a process of the recording had used when the sampler looked.
struct ProcessSample {
  std::uint64_t ticks;
  std::uint32_t pid;
  std::uint32_t threads;
  std::uint64_t cpu_ns;  // user + system, whole process
  std::uint64_t rss_bytes;
  std::uint64_t major_faults;
  std::uint64_t read_bytes;  // from storage (/proc/PID/io); UINT64_MAX: unknown
};
static_assert(sizeof(ProcessSample) == 48);

// What a process read from data files, exact, and a sketch of how many different
// files they were (HyperLogLog): a key's upper kFileSketchBits bits choose a
// register, which keeps the largest rank of the others, the number of their
// leading zeros plus one. The sketch of several processes is the larger of each
// two registers. A key is the same for the same path in all files of a recording.
inline constexpr int kFileSketchBits = 12;
struct FileTotals {
  std::uint64_t uses;           // times that a file was opened and then read or mapped
  std::uint64_t reads;          // calls
  std::uint64_t bytes_read;     // that the calls delivered
  std::uint64_t bytes_mapped;   // length of mappings, whether touched or not
  std::uint64_t read_ticks;     // in the calls
  std::uint64_t storage_bytes;  // that the reading threads had fetched from storage
  std::uint64_t slow_reads;     // calls that took longer than the page cache does
  std::uint64_t slow_ticks;     // in those
  std::uint64_t unlisted_uses;  // of files that found no FileRecord
  std::uint64_t replaced;       // FileRecords that were given to a slower file
  std::uint64_t reserved[6];
  std::uint8_t sketch[1 << kFileSketchBits];
};
static_assert(sizeof(FileTotals) == 4224);

struct FileRecord {
  std::uint64_t key;         // of the path, never 0
  std::uint64_t version;     // odd while being replaced: ignore
  std::uint64_t file_bytes;  // size at the latest opening
  std::uint64_t uses;        // the rest as in FileTotals
  std::uint64_t reads;
  std::uint64_t bytes_read;
  std::uint64_t bytes_mapped;
  std::uint64_t read_ticks;
  std::uint64_t longest_ticks;  // one call
  std::uint64_t storage_bytes;
  std::uint64_t slow_reads;
  std::uint16_t path_bytes;  // <= sizeof path; the end of a longer path is kept
  std::uint16_t reserved[3];
  char path[160];
};
static_assert(sizeof(FileRecord) == 256);
inline constexpr std::size_t kFileBlockBytes = 65536;
inline constexpr std::size_t kFilesPerBlock =
    (kFileBlockBytes - sizeof(BlockHeader)) / sizeof(FileRecord);  // 255

}  // namespace datamon::format
