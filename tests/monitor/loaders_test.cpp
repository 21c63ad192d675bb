// Threads that serve several data loaders: each loader's spans are on its own
// track, whatever happens to thread and process.
#include <gtest/gtest.h>

#include <set>

#include "datamon/monitor.h"
#include "run_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;
using report::Track;

// Spans and bytes of a stage on all tracks of a loader.
Sum on_loader(const ProcessFile& process, std::uint32_t loader, std::uint16_t stage) {
  Sum sum;
  for (const Track& track : process.tracks)
    for (const format::Cell* cell : track.cells)
      if (track.record.loader == loader && cell->stage == stage) {
        sum.count += cell->count;
        sum.bytes += cell->bytes;
      }
  return sum;
}

const Track& track_of(const ProcessFile& process, std::uint32_t loader) {
  for (const Track& track : process.tracks)
    if (track.record.loader == loader) return track;
  ADD_FAILURE() << "no track of loader " << loader;
  return process.tracks.front();
}

TEST(Loaders, SpansGoToTheLoaderThatTheThreadIsAt) {
  const Folder folder;
  const Recording recording = record(folder, {"zipped-loaders", "100000"});
  const ProcessFile& process = recording.processes().at(0);
  ASSERT_EQ(process.tracks.size(), 2u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_WAIT).count, 100'000u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_WAIT).bytes, 1'000'000u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_COMPUTE).count, 0u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_WAIT).bytes, 2'000'000u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_COMPUTE).count, 100'000u);
  EXPECT_EQ(process.header.dropped_spans, 0u);
  EXPECT_EQ(process.header.mismatched_ends, 0u);
  for (const Track& track : process.tracks) {
    EXPECT_EQ(track.record.threads, 1u);
    EXPECT_EQ(track.record.tid, process.tracks[0].record.tid);
    EXPECT_EQ(track.record.role, static_cast<std::uint32_t>(DATAMON_ROLE_CONSUMER));
  }
  EXPECT_EQ(track_of(process, 1).name, "train");
  EXPECT_EQ(track_of(process, 2).name, "validation");
  // Where the thread was last goes on; the other one was left.
  EXPECT_NE(track_of(process, 1).record.end_ticks, 0u);
  EXPECT_EQ(track_of(process, 2).record.end_ticks, 0u);
  EXPECT_EQ(track_of(process, 1).record.span_count, 100'000u);
}

TEST(Loaders, NothingIsLostWhenTheJobIsKilledBetweenThem) {
  const Folder folder;
  const Recording recording = record(folder, {"killed-between-loaders", "3000"}, {}, 128 + SIGKILL);
  const ProcessFile& process = recording.processes().at(0);
  EXPECT_EQ(on_loader(process, 1, DATAMON_WAIT).count, 3001u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_WAIT).count, 3000u);
  EXPECT_EQ(stored_spans(process), 9001u);
}

TEST(Loaders, LaterThreadsTakeOverTheTracks) {
  const Folder folder;
  const Recording recording = record(folder, {"threads-of-loaders", "50"});
  const ProcessFile& process = recording.processes().at(0);
  ASSERT_EQ(process.tracks.size(), 2u);
  for (const Track& track : process.tracks) {
    EXPECT_EQ(track.record.threads, 50u);
    EXPECT_NE(track.record.end_ticks, 0u);
  }
  EXPECT_EQ(on_loader(process, 1, DATAMON_WAIT).count, 150u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_WAIT).count, 150u);
}

TEST(Loaders, ForkedWorkersAreOfTheLoaderTheyName) {
  const Folder folder;
  const Recording recording = record(folder, {"forks-between-loaders", "5"});
  ASSERT_EQ(recording.processes().size(), 11u);
  const ProcessFile& consumer = recording.processes()[0];
  EXPECT_EQ(consumer.tracks.size(), 2u);
  EXPECT_EQ(on_loader(consumer, 1, DATAMON_COMPUTE).count, 5u);
  EXPECT_EQ(on_loader(consumer, 2, DATAMON_COMPUTE).count, 5u);
  int of_loader[3] = {};
  for (std::size_t i = 1; i < recording.processes().size(); ++i) {
    const ProcessFile& worker = recording.processes()[i];
    ASSERT_EQ(worker.tracks.size(), 1u);
    EXPECT_EQ(worker.header.parent_pid, consumer.header.pid);
    ++of_loader[worker.tracks[0].record.loader];
    EXPECT_EQ(sums(worker).at(DATAMON_FETCH).count, 5u);
  }
  EXPECT_EQ(of_loader[1], 5);
  EXPECT_EQ(of_loader[2], 5);
}

TEST(Loaders, TheirNumberIsBoundedByTheFile) {
  const Folder folder;
  const Recording recording = record(folder, {"many-loaders", "200"}, {{"MON_MAX_MB", "1"}});
  const ProcessFile& process = recording.processes().at(0);
  EXPECT_LE(process.tracks.size(), 9u);
  EXPECT_EQ(sums(process).at(DATAMON_WAIT).count + process.header.dropped_spans, 600u);
  EXPECT_EQ(process.header.dropped_spans, 0u);
}

TEST(Loaders, InsideASpanTheThreadStaysWhatItIs) {
  const Folder folder;
  const Recording recording = record(folder, {"describes-inside-spans"});
  const ProcessFile& process = recording.processes().at(0);
  ASSERT_EQ(process.tracks.size(), 2u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_COMPUTE).count, 1u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_TRANSFER).count, 1u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_WAIT).count, 1u);
  EXPECT_EQ(track_of(process, 1).name, "renamed");
  EXPECT_EQ(process.header.mismatched_ends, 0u);
}

TEST(Loaders, WhatCameBeforeTheFirstNameIsTheSameThreads) {
  const Folder folder;
  const Recording recording = record(folder, {"describes-itself-late"});
  const ProcessFile& process = recording.processes().at(0);
  ASSERT_EQ(process.tracks.size(), 2u);
  EXPECT_EQ(on_loader(process, 1, DATAMON_COMPUTE).count, 2u);
  EXPECT_EQ(on_loader(process, 2, DATAMON_FETCH).count, 1u);
  EXPECT_EQ(track_of(process, 2).record.index, 3u);
}

TEST(Loaders, ReadingsGoOnAcrossThem) {
  const Folder folder;
  const Recording recording = record(folder, {"readings-between-loaders", "40"});
  const ProcessFile& process = recording.processes().at(0);
  ASSERT_EQ(process.tracks.size(), 2u);
  std::uint64_t roots = 0;
  for (const Track& track : process.tracks) {
    roots += track.record.sampled_roots + track.record.skipped_roots;
    EXPECT_GT(track.record.sampled_roots, 0u);
  }
  EXPECT_LE(roots, 40u);
  // What was read is the busy time of the spans it was read of.
  const Sum decode = sums(process).at(DATAMON_DECODE);
  EXPECT_GT(decode.sampled, 0u);
  EXPECT_GE(decode.cpu_ns, decode.sampled * 900'000);
  EXPECT_LE(decode.cpu_ns, decode.sampled_self_ns);
}

}  // namespace
}  // namespace datamon::test
