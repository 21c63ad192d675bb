// What turns CUPTI's records into spans, without CUPTI: hand-made records, clocks and
// intervals.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "activity.h"
#include "buffers.h"
#include "busy_union.h"
#include "calls.h"
#include "clock_map.h"
#include "kernel_names.h"

namespace datamon::cupti {
namespace {

constexpr std::uint64_t kWallClock = 1'790'000'000'000'000'000;  // ns, far beyond 2^53

// ---- records

template <typename Fields>
std::optional<Activity> read(const Fields& fields, std::size_t bytes = sizeof(Fields)) {
  alignas(8) unsigned char room[sizeof(Fields)];
  std::memcpy(room, &fields, sizeof fields);
  return read_activity(reinterpret_cast<const abi::Record*>(room), bytes);
}

abi::KernelRecord kernel_record(std::uint64_t start = 100, std::uint64_t end = 200) {
  abi::KernelRecord record{};
  record.kind = abi::kConcurrentKernel;
  record.start = start;
  record.end = end;
  record.device = 2;
  record.stream = 7;
  record.correlation = 42;
  return record;
}

TEST(CuptiActivity, ReadsAKernel) {
  const auto activity = read(kernel_record());
  ASSERT_TRUE(activity);
  EXPECT_EQ(activity->what, What::kKernel);
  EXPECT_EQ(activity->device, 2u);
  EXPECT_EQ(activity->stream, 7u);
  EXPECT_EQ(activity->correlation, 42u);
  EXPECT_EQ(activity->start_ns, 100u);
  EXPECT_EQ(activity->end_ns, 200u);
}

TEST(CuptiActivity, LeavesOutWhatIsNotFinishedOrNotWhole) {
  EXPECT_FALSE(read(kernel_record(0, 0)));      // a forced flush hands over such ones
  EXPECT_FALSE(read(kernel_record(200, 100)));  // ends before it begins
  for (std::size_t bytes = 0; bytes < sizeof(abi::KernelRecord); ++bytes)
    EXPECT_FALSE(read(kernel_record(), bytes)) << bytes;
  EXPECT_FALSE(read_activity(nullptr, 1000));
  for (std::uint32_t kind : {0u, 8u, 38u, 99u, UINT32_MAX}) {
    abi::KernelRecord record = kernel_record();
    record.kind = kind;
    EXPECT_FALSE(read(record)) << kind;
  }
}

TEST(CuptiActivity, TellsCopiesApart) {
  const auto what = [](int kind, int source) {
    abi::CopyRecord record{};
    record.kind = abi::kMemcpy;
    record.copy_kind = static_cast<std::uint8_t>(kind);
    record.source = static_cast<std::uint8_t>(source);
    record.start = 10;
    record.end = 20;
    record.bytes = 4096;
    const auto activity = read(record);
    EXPECT_TRUE(!activity || activity->bytes == 4096);
    return activity ? std::optional(activity->what) : std::nullopt;
  };
  EXPECT_EQ(what(1, abi::kPinned), What::kToDevicePinned);
  EXPECT_EQ(what(1, abi::kPageable), What::kToDevicePageable);
  EXPECT_EQ(what(1, 5), What::kToDevice);  // managed memory
  EXPECT_EQ(what(3, abi::kPinned), What::kToDevicePinned);
  EXPECT_EQ(what(2, 3), What::kToHost);
  EXPECT_EQ(what(4, 4), What::kToHost);
  EXPECT_EQ(what(8, 3), What::kCopyWithin);
  EXPECT_EQ(what(10, 3), What::kCopyWithin);
  EXPECT_EQ(what(9, 1), std::nullopt);  // host to host
}

TEST(CuptiActivity, TellsWaitsFromLaunches) {
  const auto what = [](std::uint32_t kind, std::uint32_t function) {
    const auto activity = read(abi::CallRecord{kind, function, 10, 20, 1, 77, 5, 0});
    EXPECT_TRUE(activity && activity->thread == 77 && activity->correlation == 5);
    return activity->what;
  };
  EXPECT_EQ(what(abi::kRuntimeCall, 211), What::kLaunch);  // cudaLaunchKernel
  EXPECT_EQ(what(abi::kRuntimeCall, 41), What::kLaunch);   // cudaMemcpyAsync
  EXPECT_EQ(what(abi::kRuntimeCall, 31), What::kWait);     // cudaMemcpy
  EXPECT_EQ(what(abi::kRuntimeCall, 131), What::kWait);    // cudaStreamSynchronize
  EXPECT_EQ(what(abi::kDriverCall, 307), What::kLaunch);   // cuLaunchKernel
  EXPECT_EQ(what(abi::kDriverCall, 126), What::kWait);     // cuStreamSynchronize
}

TEST(CuptiActivity, RecordsEachCallThatWaits) {
  for (const Api api : {Api::kRuntime, Api::kDriver})
    for (std::uint32_t id = 0; id < 2000; ++id) {
      bool recorded = false;
      for (const IdRange& range : recorded_calls(api))
        recorded = recorded || (id >= range.first && id <= range.last);
      EXPECT_TRUE(recorded || !waits_for_device(api, id)) << id;
    }
}

TEST(CuptiActivity, TellsLoadingFromTheMonitorsOwnCost) {
  const auto what = [](std::uint32_t kind) {
    return read(abi::OverheadRecord{abi::kOverhead, kind, abi::kObjectThread, 1, 77, 0, 10, 20})
        ->what;
  };
  EXPECT_EQ(what(1), What::kLoad);
  EXPECT_EQ(what(5u << 16), What::kLoad);
  EXPECT_EQ(what(1u << 16), What::kOverhead);
}

// ---- names of kernels

TEST(CuptiKernelNames, AreToldApartByContent) {
  KernelNames names;
  const std::string first = "kernel", same = first;
  const auto found = names.find(first.c_str());
  EXPECT_EQ(found.number, 1u);
  EXPECT_TRUE(found.is_new);
  EXPECT_EQ(found.name, "kernel");
  EXPECT_EQ(names.find("other").number, 2u);
  EXPECT_EQ(names.find(same.c_str()).number, 1u);
  EXPECT_FALSE(names.find(same.c_str()).is_new);
  EXPECT_EQ(names.find(nullptr).number, 0u);
  EXPECT_EQ(names.find("").number, 0u);
}

TEST(CuptiKernelNames, AreBounded) {
  KernelNames names;
  const std::string most(KernelNames::kMostBytes, 'k');
  EXPECT_EQ(names.find((most + "1").c_str()).name, most);
  EXPECT_FALSE(names.find((most + "2").c_str()).is_new);
  for (std::size_t i = 1; i < 3 * KernelNames::kMost; ++i) {
    const std::string name = std::to_string(i);
    const auto found = names.find(name.c_str());
    EXPECT_EQ(found.is_new, i < KernelNames::kMost) << i;
    EXPECT_EQ(found.number, i < KernelNames::kMost ? i + 1 : KernelNames::kOther) << i;
  }
  EXPECT_EQ(names.find("17").number, 18u);
}

TEST(CuptiKernelNames, StandInTheRecordsOfKernels) {
  abi::KernelRecord record = kernel_record();
  record.name = "some kernel";
  const auto* from = reinterpret_cast<const abi::Record*>(&record);
  EXPECT_STREQ(kernel_name(from, sizeof record), "some kernel");
  EXPECT_EQ(kernel_name(from, sizeof record - 1), nullptr);
}

// ---- clocks

TEST(CuptiClock, InterpolatesAndExtrapolates) {
  ClockMap clock;
  EXPECT_FALSE(clock.ready());
  clock.add(kWallClock, 1000);
  EXPECT_FALSE(clock.ready());
  EXPECT_EQ(clock.ticks(kWallClock), 0u);
  clock.add(kWallClock + 1'000'000'000, 1000 + 3'000'000'000);  // 3 GHz
  clock.add(kWallClock + 2'000'000'000, 1000 + 6'000'300'000);  // the wall clock is slewed
  EXPECT_EQ(clock.ticks(kWallClock), 1000u);
  EXPECT_EQ(clock.ticks(kWallClock + 500'000'000), 1000u + 1'500'000'000);
  EXPECT_EQ(clock.ticks(kWallClock + 1'500'000'000), 1000u + 4'500'150'000);
  EXPECT_EQ(clock.ticks(kWallClock + 3'000'000'000), 1000u + 9'000'600'000);
  EXPECT_EQ(clock.ticks(kWallClock + 7), 1021u);  // to the nanosecond, so far from zero
}

TEST(CuptiClock, ForgetsATimeBeforeTheClockWasSetBack) {
  ClockMap clock;
  clock.add(kWallClock, 1'000'000);
  clock.add(kWallClock + 1'000'000'000, 1'001'000'000);
  clock.add(kWallClock - 500'000'000, 1'002'000'000);  // set back by 2.5 s
  EXPECT_TRUE(clock.ready());
  EXPECT_EQ(clock.ticks(kWallClock - 400'000'000), 1'102'000'000u);
}

TEST(CuptiClock, KeepsTheLatestReadings) {
  ClockMap clock;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    clock.add(kWallClock + i * 250'000'000, 1'000'000 + i * 750'000'000);
  const std::uint64_t at = 9'999u * 250'000'000u - 100;
  EXPECT_EQ(clock.ticks(kWallClock + at), 1'000'000u + 3 * at);
  EXPECT_EQ(clock.ticks(kWallClock + 4), 1'000'012u);  // long gone: extrapolated
  clock.ticks(0);
  clock.ticks(UINT64_MAX);  // nonsense is no error
}

// ---- busy time

using Intervals = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Intervals emit(BusyUnion& busy, std::uint64_t until) {
  Intervals out;
  busy.emit(until, [&](std::uint64_t from, std::uint64_t to) { out.emplace_back(from, to); });
  return out;
}

TEST(CuptiBusy, MergesOverlapsOfStreams) {
  BusyUnion busy;
  ASSERT_TRUE(busy.start());
  busy.add(50, 60);
  busy.add(10, 20);
  busy.add(15, 30);
  busy.add(30, 31);
  busy.add(52, 55);
  EXPECT_EQ(emit(busy, 40), (Intervals{{10, 31}}));
  EXPECT_EQ(emit(busy, 59), Intervals{});
  EXPECT_EQ(emit(busy, UINT64_MAX), (Intervals{{50, 60}}));
}

TEST(CuptiBusy, CountsNothingTwiceThatComesLate) {
  BusyUnion busy;
  ASSERT_TRUE(busy.start());
  busy.add(100, 200);
  EXPECT_EQ(emit(busy, 300), (Intervals{{100, 200}}));
  busy.add(50, 250);  // had begun earlier, ended later
  busy.add(120, 130);
  EXPECT_EQ(emit(busy, 300), (Intervals{{200, 250}}));
}

TEST(CuptiBusy, WithstandsMoreThanFits) {
  BusyUnion busy;
  ASSERT_TRUE(busy.start());
  std::uint64_t sum = 0, intervals = 0, last = 0;
  const auto out = [&](std::uint64_t from, std::uint64_t to) {
    EXPECT_GE(from, last);
    sum += to - from;
    last = to;
    ++intervals;
  };
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    if (busy.full()) busy.emit(0, out);
    busy.add(10 * i, 10 * i + 4);
  }
  busy.emit(UINT64_MAX, out);
  EXPECT_EQ(intervals, 300'000u);
  EXPECT_EQ(sum, 4 * 300'000u);
}

TEST(CuptiBusy, EqualsACountOfTicks) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    BusyUnion busy;
    ASSERT_TRUE(busy.start());
    std::vector<bool> covered(2000);
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t from = random() % 1900, to = from + 1 + random() % 60;
      busy.add(from, to);
      for (std::uint64_t t = from; t < to; ++t) covered[t] = true;
    }
    std::uint64_t sum = 0;
    for (const auto& [from, to] : emit(busy, UINT64_MAX)) sum += to - from;
    EXPECT_EQ(sum, static_cast<std::uint64_t>(std::count(covered.begin(), covered.end(), true)));
  }
}

// ---- buffers

TEST(CuptiBuffers, GoRoundAndAreNoneBeyondTheLimit) {
  Buffers buffers;
  std::vector<std::uint8_t*> out;
  for (std::size_t i = 0; i < Buffers::kMost; ++i) out.push_back(buffers.request());
  EXPECT_EQ(std::count(out.begin(), out.end(), nullptr), 0);
  EXPECT_EQ(buffers.request(), nullptr);
  std::size_t soon = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Buffers::Fate fate = buffers.complete(out[i], i);
    EXPECT_NE(fate, Buffers::Fate::kNotKept);
    soon += fate == Buffers::Fate::kKeptLookSoon;
  }
  EXPECT_GT(soon, 0u);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const FullBuffer full = buffers.take();
    EXPECT_EQ(full.bytes, out[i]);
    EXPECT_EQ(full.valid_bytes, i);
    buffers.give_back(full.bytes);
  }
  EXPECT_EQ(buffers.take().bytes, nullptr);
  std::uint8_t* const again = buffers.request();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(buffers.complete(again, 0), Buffers::Fate::kKept);
}

// Before 12.9 CUPTI crashes when it gets none.
TEST(CuptiBuffers, ThereIsAlwaysOneForACuptiThatNeedsIt) {
  Buffers buffers;
  buffers.allow_refusal(false);
  std::vector<std::uint8_t*> out;
  for (std::size_t i = 0; i < Buffers::kMost + 20; ++i) {
    out.push_back(buffers.request());
    ASSERT_NE(out.back(), nullptr);
    std::memset(out.back(), 1, Buffers::kBytes);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool kept = buffers.complete(out[i], 8) != Buffers::Fate::kNotKept;
    EXPECT_EQ(kept, i < Buffers::kMost);
    if (!kept) buffers.discard(out[i]);
  }
  std::size_t read = 0;
  for (FullBuffer full = buffers.take(); full.bytes != nullptr; full = buffers.take()) {
    buffers.give_back(full.bytes);
    ++read;
  }
  EXPECT_EQ(read, Buffers::kMost);
  for (int round = 0; round < 2; ++round) {  // one more than there may be, taken while they are out
    out.clear();
    for (std::size_t i = 0; i < Buffers::kMost + 1; ++i) out.push_back(buffers.request());
    for (std::uint8_t* each : out) {
      ASSERT_NE(each, nullptr);
      ASSERT_NE(buffers.complete(each, 8), Buffers::Fate::kNotKept);
      buffers.give_back(buffers.take().bytes);
    }
  }
}

}  // namespace
}  // namespace datamon::cupti
