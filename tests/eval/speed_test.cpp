#include "eval/speed.h"

#include <numeric>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/stopwatch.h"
#include "conformance/reading.h"
#include "eval/bandwidth.h"

namespace msrnn::testing {
namespace {

TEST(Spread, TakesTheMiddle) {
  const Spread odd = spread({3, 1, 2});
  EXPECT_EQ(odd.lowest, 1);
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.highest, 3);
  EXPECT_EQ(spread({4, 1, 2, 8}).median, 3);
  EXPECT_EQ(spread({5}).median, 5);
}

TEST(SpeedTest, RunsAtAnyDepthUpAndDown) {
  SpeedTest test(tiny_model("reference"), {.policy = "tova", .capacity = 8}, 16, 1);
  for (const std::int64_t depth : {0, 20, 5, 40}) {
    test.set_depth(depth);
    EXPECT_GT(test.prefill(10).seconds, 0);
    EXPECT_GT(test.decode(3, 1).seconds, 0);
    EXPECT_GT(test.decode(3, 4).seconds, 0);
  }
  EXPECT_THROW(test.set_depth(-1), UsageError);
}

TEST(SpeedTest, StagesFillTheTime) {
  SpeedTest test(tiny_model("cpu"), {.policy = "tova", .capacity = 8}, 64, 1);
  for (const double seconds : test.prefill(64).stages) EXPECT_EQ(seconds, 0);
  test.time_stages();
  const Stopwatch watch;
  const Timing read = test.prefill(64), written = test.decode(3, 1);
  const double both = watch.seconds();
  for (const double seconds : read.stages) EXPECT_GT(seconds, 0);
  EXPECT_EQ(written.stages[static_cast<std::size_t>(Stage::sweep)], 0);
  for (const Timing& timing : {read, written}) {
    const double sum = std::accumulate(timing.stages.begin(), timing.stages.end(), 0.0);
    EXPECT_GE(sum, timing.seconds);
    EXPECT_LT(sum, both);
  }
  SpeedTest reference(tiny_model("reference"), {.policy = "tova", .capacity = 8}, 64, 1);
  EXPECT_THROW(reference.time_stages(), UsageError);
}

TEST(SpeedTest, CountsTheBytesOfLiveSlots) {
  constexpr double kSlotBytes = 2 * 2 * 32 * 2;  // key and value, KV heads, head size, f16
  SpeedTest bounded(tiny_model("reference"), {.policy = "tova", .capacity = 8}, 16, 1);
  EXPECT_DOUBLE_EQ(bounded.state_bytes_read(1), 3 * kSlotBytes * 1);
  EXPECT_DOUBLE_EQ(bounded.state_bytes_read(3), 3 * kSlotBytes * 2);
  bounded.set_depth(100);
  EXPECT_DOUBLE_EQ(bounded.state_bytes_read(5), 3 * kSlotBytes * 9);
  SpeedTest full(tiny_model("reference"), {.policy = "full", .type = "f32"}, 16, 1);
  full.set_depth(100);
  EXPECT_DOUBLE_EQ(full.state_bytes_read(1), 3 * 2 * kSlotBytes * 101);
  SpeedTest blocks(tiny_model("reference"), {.policy = "tova", .capacity = 8, .type = "q8_0"}, 16, 1);
  EXPECT_DOUBLE_EQ(blocks.state_bytes_read(1), 3 * kSlotBytes * 34 / 64);
}

TEST(ReadBandwidth, IsPlausible) {
  const double bandwidth = measure_read_bandwidth(1);
  EXPECT_GT(bandwidth, 1e8);
  EXPECT_LT(bandwidth, 1e13);
}

}  // namespace
}  // namespace msrnn::testing
