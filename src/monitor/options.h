// Every MON_* setting of the monitor: name, default, meaning. Declared once;
// the monitor reads its defaults from here and `datamon run --help` prints those
// that users set. Depends on nothing.
#pragma once

namespace datamon::monitor {

struct Option {
  const char* name;
  const char* fallback;  // used when the variable is unset or empty
  const char* meaning;
};

inline constexpr Option kSwitch{"MON", "0", "1 records the job; 0 or empty does nothing"};
inline constexpr Option kDirectory{
    "MON_DIR", "datamon-<time>-<pid>",
    "the recording's directory; made if missing (its parent must exist); processes that share it "
    "belong to one recording"};
inline constexpr Option kLibrary{"MON_LIBRARY", "",
                                 "path of libdatamon.so.0, looked for before all other places"};
inline constexpr Option kMaxMb{"MON_MAX_MB", "64",
                               "largest size of one process's file in MiB (1 to 65536)"};
inline constexpr Option kBudget{
    "MON_BUDGET", "0.5",
    "what the monitor may cost, in percent of a thread's time (0 to 100); thread CPU times are "
    "read as rarely as it takes; 0 reads none"};
inline constexpr Option kClock{
    "MON_CLOCK", "auto",
    "auto takes the time stamp counter where it is invariant; monotonic takes CLOCK_MONOTONIC"};
inline constexpr Option kSampler{"MON_SAMPLER", "1",
                                 "0 leaves out the readings of the machine (no sampler thread)"};

inline constexpr Option kNvtx{
    "MON_NVTX", "0", "1 emits spans as NVTX ranges too, for a tool such as Nsight Systems"};
inline constexpr Option kNvtxIn{"MON_NVTX_IN", "0",
                                "1 records the NVTX ranges of the job and its libraries as spans"};
inline constexpr Option kNvtxRules{
    "MON_NVTX_RULES", "",
    "which stage an NVTX range is, by its name: PATTERN=STAGE;PATTERN=STAGE, before the built-in "
    "rules"};

inline constexpr Option kProbe{
    "MON_PROBE", "0",
    "1 finds out which stage limits the job by delaying one after the other for a moment"};
inline constexpr Option kProbeDelay{
    "MON_PROBE_DELAY", "20", "by how many percent of its own time a stage is delayed (1 to 100)"};
inline constexpr Option kProbeSeconds{
    "MON_PROBE_SECONDS", "120",
    "how long the delays go on at most, from the first steps on (1 to 86400)"};

inline constexpr Option kCupti{
    "MON_CUPTI", "0", "1 records what the GPU does, through CUPTI: kernels, copies, waits for it"};
inline constexpr Option kCuptiLibrary{"MON_CUPTI_LIBRARY", "",
                                      "path of libcupti, looked for before all other places"};

inline constexpr Option kOptions[] = {kSwitch, kDirectory,    kLibrary, kMaxMb,      kBudget,
                                      kClock,  kSampler,      kNvtx,    kNvtxIn,     kNvtxRules,
                                      kCupti,  kCuptiLibrary, kProbe,   kProbeDelay, kProbeSeconds};

}  // namespace datamon::monitor
