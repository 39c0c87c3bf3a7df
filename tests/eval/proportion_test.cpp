#include "eval/proportion.h"

#include <cmath>

#include <gtest/gtest.h>

namespace msrnn::testing {
namespace {

// The ends of the interval are the shares from which k of n lie 1.96 standard deviations away.
TEST(ProportionTest, EndsSolveTheEquationThatDefinesThem) {
  for (const std::int64_t n : {1, 2, 10, 100, 1000}) {
    for (std::int64_t k = 0; k <= n; k += std::max<std::int64_t>(1, n / 7)) {
      const Interval interval = wilson_interval(k, n);
      const double share = static_cast<double>(k) / static_cast<double>(n);
      EXPECT_LE(interval.low, share);
      EXPECT_GE(interval.high, share);
      for (const double end : {interval.low, interval.high}) {
        if (end == 0 || end == 1) continue;
        const double deviation = std::sqrt(end * (1 - end) / static_cast<double>(n));
        EXPECT_NEAR(std::abs(share - end) / deviation, 1.959963985, 1e-6) << k << " of " << n;
      }
    }
  }
}

TEST(ProportionTest, IsNeverSureOfWhatItHasNotSeen) {
  EXPECT_NEAR(wilson_interval(0, 10).high, 0.2775, 5e-5);  // as published tables have it
  EXPECT_NEAR(wilson_interval(10, 10).low, 0.7225, 5e-5);
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

}  // namespace
}  // namespace msrnn::testing
