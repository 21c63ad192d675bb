// Every number that the verdict depends on, with its reason. All are shares,
// ratios or counts: none is a time, so a job that is k times slower in
// everything gets the same answer. docs/diagnosis.md explains their use.
#pragma once

#include <cstddef>

namespace datamon::report::thresholds {

// A wait below a tenth of the step is worth less than 1.11x: within what
// run-to-run noise and the next change to the model move anyway. Above it,
// people want to know. (TF Profiler warns from 5 % and calls 20 % high.)
inline constexpr double kInputBound = 0.10;

// An input wait this close above kInputBound is real but small: half a
// threshold further is where a second run could still fall below.
inline constexpr double kClearlyInputBound = 0.15;

// Fewer steady steps than this and the bootstrap's blocks are too few to say
// anything about the spread (20 steps are about 7 blocks).
inline constexpr std::size_t kMinimumSteps = 20;
// Fewer than these do not even point anywhere: one block of the bootstrap.
inline constexpr std::size_t kFewestSteps = 5;
// Below this the verdict may be right but is never called high confidence.
inline constexpr std::size_t kManySteps = 50;
// Same, for the stage: single batches whose costs are known.
inline constexpr std::size_t kManyBatches = 30;

// So many times the batches that are made ahead: of fewer steps half or more took batches
// that were begun while the loop started.
inline constexpr double kTurnsAhead = 2;

// Resamples of the bootstrap: the 2.5 % tail then holds 25 values, enough for
// two digits of the bound; more changes nothing that is shown.
inline constexpr int kResamples = 1000;

// The leading stage is "clear" when it costs 1.25 times the next one: then
// halving the next one changes the step rate by less than halving the first,
// also if both were misattributed by a tenth of the total. Below 1.05 both are
// the same within what clocks and scheduling blur.
inline constexpr double kClearMargin = 1.25;
inline constexpr double kNoMargin = 1.05;
// The share of resamples in which it must lead to be called high or medium.
inline constexpr double kLeadsHigh = 0.95;
inline constexpr double kLeadsMedium = 0.80;

// Workers that are at work this much of the time are the limit: what is left
// is the hand-over between batches.
inline constexpr double kWorkersBusy = 0.85;
// Above this a loader that keeps up has no reserve: a faster consumer would
// gain less than 1.1x before it waits.
inline constexpr double kNoReserve = 0.90;

// Cores used of those allowed, from which on there is no core left to use:
// the last tenth goes to the kernel, interrupts and uneven load.
inline constexpr double kCoresFull = 0.90;
// Waiting for a core, as part of (on a core + waiting for one): a fifth means
// that every stage is a quarter longer than its work.
inline constexpr double kCrowded = 0.20;
// The cgroup's CPU limit stopped the job for this part of the time: a job that is stopped
// longer cannot use cores that idle.
inline constexpr double kThrottled = 0.05;
// Where that time is not known: it stopped the job in most of its scheduling periods. A
// stop may be short, and a burst that ends in one is no limit on the whole.
inline constexpr double kThrottledPeriods = 0.50;
// Idle cores that make another worker worthwhile: half of one, and a tenth of
// those allowed (the complement of kCoresFull).
inline constexpr double kIdleCores = 0.5;
// Cores used by others that explain a full machine, as a share of those allowed.
inline constexpr double kOthersCores = 0.15;

// The disk had a request under way nearly always, and ...
inline constexpr double kDiskBusy = 0.80;
// ... somebody waited for IO this much of the time (PSI), or nobody could go on.
inline constexpr double kIoPressure = 0.40;
inline constexpr double kIoPressureFull = 0.25;

// How a read's duration grows with the number under way when it begins: as its
// power of 0 where readers do not meet, of 1 where they wait for each other. Half-way
// between, by two standard errors, it is said. The same of the variance of what all get
// together over the sum of the variances of what each gets: 1 where they do not meet, 0 where
// they share one rate.
inline constexpr double kReadsQueue = 0.5;
inline constexpr double kReadsDeviations = 2;

// A disk explains the reads that were under way when it was at work for this part
// of their time at least; what it needs beside is the way there and back.
inline constexpr double kDiskExplains = 0.5;
// This part of what the job got from storage must have come from that disk.
inline constexpr double kDiskDelivers = 0.8;

// From this share of bytes out of the page cache on, a disk cannot be what reads
// wait for.
inline constexpr double kCached = 0.95;

// Storage is at work for this job when an item brings at least a page from it:
// nothing smaller is ever read. Where the job's own bytes are not known, the
// machine's readings must be clearly above what a log file or a timer causes.
inline constexpr double kStorageBytesAnItem = 4096;
inline constexpr double kDiskAtWork = 0.10;
inline constexpr double kIoPressureAtWork = 0.05;
// A stage that computes does not sleep. From a quarter of its time on, something
// makes it; from half on, its own work is no longer what it mostly does.
inline constexpr double kAsleep = 0.25;
inline constexpr double kMostlyAsleep = 0.50;

// A read of less than this is mostly latency: even a hard disk brings so much in
// 10 ms once it is there.
inline constexpr double kSmallReadBytes = 1e6;
// Storage fetched each byte of the files so often: the first time is due.
inline constexpr double kFetchedAgain = 1.5;
// An opened file is read so often over: once and a half is a header read twice.
inline constexpr double kReadTwice = 1.5;
// A disk that did better than this by that factor has bandwidth to spare.
inline constexpr double kNearBest = 0.8;

// An image of so many times the pixels that are used is worth storing smaller;
// stored images have (256/224)^2 of the pixels of a crop, to leave room for it.
inline constexpr double kPixelsMatter = 2.0;
inline constexpr double kStoredOverUsed = 1.31;
inline constexpr double kProgressive = 0.5;

// Loops that nest so deep in a function that handles items, or an image, visit
// every element: one loop is over items or rows.
inline constexpr int kElementwiseLoops = 2;
// Tensors (or objects) in a batch, each with a cost of its own: a message of some
// 0.1 ms. Inputs, labels, masks and lengths are fewer.
inline constexpr int kManyTensors = 16;
// Pickled into a batch's message. A handle of a shared tensor has about 200 bytes.
inline constexpr double kPackedBytes = 100e3;
// A worker's process uses so many times the cores of its loader's own threads:
// libraries compute on threads of theirs.
inline constexpr double kOwnThreads = 1.5;

// A batch or item is a straggler from this multiple of the median on ...
inline constexpr double kStragglerFactor = 2.0;
// ... they are "few" up to this share of all ...
inline constexpr double kStragglersFew = 0.20;
// ... and explain the wait when this share of it falls on them.
inline constexpr double kStragglersExplain = 0.50;
// Work beyond the median that few items cause, as a share of all work: below
// it the skew is what image sizes bring by nature.
inline constexpr double kStragglerWork = 0.20;
// Waiting for cores takes so much of that extra work's share: it, not the
// items, may be the reason.
inline constexpr double kQueueExplains = 0.5;
inline constexpr double kTailP99 = 4.0;   // p99 over p50 of one item ...
inline constexpr double kTailMax = 20.0;  // ... or the slowest one over p50

// Hand-over that ready times tell must show in what was recorded of it (receive,
// pin) to this part at least, or in workers that rest.
inline constexpr double kHandoverRecorded = 0.25;

// Of the wait: in receiving, asleep, while the sender is at work on another batch.
// A quarter is the most that the verdict on the rest may be wrong by.
inline constexpr double kSendersLate = 0.25;
// Hand-overs wait for their senders' other work when they are longer by half of it
// at least, by two standard errors: the middle between not at all and all of it.
inline constexpr double kSendersSlope = 0.5;
inline constexpr double kSendersDeviations = 2;

// Part of the wait in which a later batch was ready: a quarter is the least
// that delivery in any order would be noticed by. Workers must have idled too,
// or else they could not have used the time.
inline constexpr double kOutOfOrder = 0.25;
inline constexpr double kWorkersIdle = 0.10;
// A worker is slow when its median batch takes this much longer than the
// others'; 1.5 is beyond what SMT siblings and noisy neighbours do.
inline constexpr double kSlowWorker = 1.5;
// ... and so many of its batches are longer than the others' median that no worker of
// them all would have as many by chance in 99 of 100 jobs.
inline constexpr double kByChance = 0.01;

// Part of the run before the first batch, or at epoch boundaries, that is worth
// a word.
inline constexpr double kStartUp = 0.30;
inline constexpr double kEpochBoundaries = 0.10;

// A device idle this long for want of launches: with them ready the step would be 1.25x
// as fast. Below it the gaps between kernels are what launching them one by one costs.
inline constexpr double kLaunchBound = 0.20;
// A device busy this much of the time is what the step waits for.
inline constexpr double kGpuBusy = 0.80;
// Most of the copies' time: more than half.
inline constexpr double kMostCopies = 0.50;

// Dropped spans beyond this share may bias every figure.
inline constexpr double kDropped = 0.01;
// Unnamed dataset code above this share makes the stage uncertain.
inline constexpr double kUnnamed = 0.25;

}  // namespace datamon::report::thresholds
