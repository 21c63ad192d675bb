// From records to spans on the recording's clock, whatever order CUPTI hands them over in.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "span_maker.h"

namespace datamon::cupti {
namespace {

constexpr std::uint64_t kWallClockAt1000 =
    1'790'000'000'000'000'000;  // ns, when the ticks were 1000

struct Made {
  Activity activity;
  std::uint64_t start, end, launched;
};

struct Sink final : SpanSink {
  std::vector<Made> device, thread;
  std::vector<std::vector<std::uint64_t>> busy;

  void device_span(const Activity& activity, std::uint64_t start, std::uint64_t end,
                   std::uint64_t launched) override {
    device.push_back({activity, start, end, launched});
  }
  void thread_span(const Activity& activity, std::uint64_t start, std::uint64_t end) override {
    thread.push_back({activity, start, end, kNotKnown});
  }
  void busy_span(std::uint32_t number, std::uint64_t start, std::uint64_t end) override {
    busy.push_back({number, start, end});
  }
};

// One tick a nanosecond.
class CuptiSpans : public ::testing::Test {
 protected:
  void SetUp() override {
    clock_.add(kWallClockAt1000, 1'000);
    clock_.add(kWallClockAt1000 + 1'000'000'000, 1'000'001'000);
    ASSERT_TRUE(maker_.start());
  }
  static std::uint64_t at(std::uint64_t ticks) { return kWallClockAt1000 - 1'000 + ticks; }
  static Activity work(What what, std::uint32_t correlation, std::uint64_t start, std::uint64_t end,
                       std::uint32_t device = 0, std::uint32_t stream = 7) {
    return {what, device, stream, 0, correlation, at(start), at(end), 0, 0};
  }
  static Activity call(What what, std::uint32_t correlation, std::uint64_t start,
                       std::uint64_t end) {
    return {what, 0, 0, 77, correlation, at(start), at(end), 0, 0};
  }

  Sink sink_;
  ClockMap clock_;
  SpanMaker maker_{sink_, clock_};
};

TEST_F(CuptiSpans, GiveDeviceWorkTheTimeOfItsLaunch) {
  maker_.add(call(What::kLaunch, 1, 2'000, 2'100));
  maker_.add(work(What::kKernel, 1, 3'000, 4'000));
  ASSERT_EQ(sink_.device.size(), 1u);
  EXPECT_EQ(sink_.device[0].start, 3'000u);
  EXPECT_EQ(sink_.device[0].end, 4'000u);
  EXPECT_EQ(sink_.device[0].launched, 2'000u);
  EXPECT_TRUE(sink_.thread.empty());  // launches have no spans of their own
}

TEST_F(CuptiSpans, WaitForACallThatComesLater) {
  maker_.add(work(What::kKernel, 1, 3'000, 4'000));
  maker_.end_round(10'000);
  EXPECT_TRUE(sink_.device.empty());
  EXPECT_TRUE(sink_.busy.empty());
  maker_.add(call(What::kLaunch, 1, 2'000, 2'100));
  maker_.end_round(20'000);
  ASSERT_EQ(sink_.device.size(), 1u);
  EXPECT_EQ(sink_.device[0].launched, 2'000u);
  EXPECT_EQ(sink_.busy, (std::vector<std::vector<std::uint64_t>>{{0, 3'000, 4'000}}));
}

// As when two threads launch in turns and CUPTI hands over what one launched first.
TEST_F(CuptiSpans, WhatAnotherThreadLaunchedIsBusyTimeHoweverLate) {
  for (std::uint64_t i = 0; i < 10; ++i)
    maker_.add(work(What::kKernel, 0, 3'000 + 20 * i, 3'010 + 20 * i));
  for (std::uint64_t until : {2'000, 2'500, 3'000}) maker_.end_round(until);
  EXPECT_TRUE(sink_.busy.empty());
  for (std::uint64_t i = 0; i < 10; ++i)
    maker_.add(work(What::kKernel, 0, 3'010 + 20 * i, 3'020 + 20 * i));
  maker_.end_round(20'000);
  EXPECT_EQ(sink_.busy, (std::vector<std::vector<std::uint64_t>>{{0, 3'000, 3'200}}));
}

TEST_F(CuptiSpans, DoNotWaitForEver) {
  maker_.add(work(What::kKernel, 1, 3'000, 4'000));
  for (int i = 0; i < 3; ++i) maker_.end_round(10'000);
  ASSERT_EQ(sink_.device.size(), 1u);
  EXPECT_EQ(sink_.device[0].launched, kNotKnown);
  EXPECT_EQ(maker_.without_launch(), 1u);
}

TEST_F(CuptiSpans, OneGraphLaunchesManyKernels) {
  maker_.add(call(What::kLaunch, 5, 2'000, 2'100));
  for (std::uint64_t i = 0; i < 100; ++i)
    maker_.add(work(What::kKernel, 5, 3'000 + 10 * i, 3'005 + 10 * i));
  ASSERT_EQ(sink_.device.size(), 100u);
  for (const Made& made : sink_.device) EXPECT_EQ(made.launched, 2'000u);
}

TEST_F(CuptiSpans, TheOuterOfTwoCallsCounts) {
  maker_.add(call(What::kLaunch, 1, 2'050, 2'090));  // cuLaunchKernel ...
  maker_.add(call(What::kLaunch, 1, 2'000, 2'100));  // ... inside cudaLaunchKernel
  maker_.add(work(What::kKernel, 1, 3'000, 4'000));
  EXPECT_EQ(sink_.device.at(0).launched, 2'000u);
}

TEST_F(CuptiSpans, ACopyThatWaitsIsAWaitAndALaunch) {
  maker_.add(call(What::kWait, 1, 2'000, 5'000));
  maker_.add(work(What::kToHost, 1, 3'000, 4'000));
  ASSERT_EQ(sink_.thread.size(), 1u);
  EXPECT_EQ(sink_.thread[0].activity.thread, 77u);
  EXPECT_EQ(sink_.thread[0].end, 5'000u);
  EXPECT_EQ(sink_.device.at(0).launched, 2'000u);
}

TEST_F(CuptiSpans, AnOldCallIsNotTakenForANewOne) {
  maker_.add(call(What::kLaunch, 1, 2'000, 2'100));
  maker_.add(work(What::kKernel, 1 + 65'536, 3'000, 4'000));
  maker_.finish();
  EXPECT_EQ(sink_.device.at(0).launched, kNotKnown);
}

TEST_F(CuptiSpans, DevicesAreApartAndBounded) {
  for (std::uint32_t device = 0; device < 20; ++device)
    maker_.add(work(What::kKernel, 0, 3'000, 4'000, device));
  maker_.finish();
  EXPECT_EQ(sink_.device.size(), SpanMaker::kMostDevices);
  EXPECT_EQ(sink_.busy.size(), SpanMaker::kMostDevices);
  EXPECT_EQ(maker_.left_out(), 4u);
}

TEST_F(CuptiSpans, NothingIsLostWhenVeryMuchWaits) {
  for (std::uint32_t i = 0; i < 100'000; ++i)
    maker_.add(work(What::kKernel, i + 1, 3'000 + 10 * i, 3'005 + 10 * i));
  maker_.finish();
  EXPECT_EQ(sink_.device.size(), 100'000u);
  std::uint64_t busy = 0;
  for (const auto& span : sink_.busy) busy += span[2] - span[1];
  EXPECT_EQ(busy, 500'000u);
}

}  // namespace
}  // namespace datamon::cupti
