#include "policy/positions.h"

#include <limits>

#include <gtest/gtest.h>

namespace msrnn {
namespace {

TEST(CompressedGap, KeepsShortGaps) {
  for (std::int32_t gap = 1; gap <= 10; ++gap) EXPECT_EQ(compressed_gap(gap), gap);
}

TEST(CompressedGap, HasTheKnownStepsBeyond) {
  constexpr std::int32_t kFirstOf14 = 528491318;  // 10 + e^(e^3) − e, rounded up
  for (std::int32_t gap = 11; gap <= 22; ++gap) EXPECT_EQ(compressed_gap(gap), 11) << gap;
  for (std::int32_t gap = 23; gap <= 1625; ++gap) EXPECT_EQ(compressed_gap(gap), 12) << gap;
  for (const std::int32_t gap : {1626, 2000, 100000, 500000000, kFirstOf14 - 1000}) {
    EXPECT_EQ(compressed_gap(gap), 13) << gap;
  }
  for (const std::int32_t gap : {kFirstOf14 + 1000, std::numeric_limits<std::int32_t>::max()}) {
    EXPECT_EQ(compressed_gap(gap), kLargestCompressedGap) << gap;
  }
}

TEST(CompressedGap, NeverShrinks) {
  for (std::int32_t gap = 1; gap < 5000; ++gap) ASSERT_LE(compressed_gap(gap), compressed_gap(gap + 1));
  for (std::int64_t gap = 1; gap <= std::numeric_limits<std::int32_t>::max(); gap *= 2) {
    const auto g = static_cast<std::int32_t>(gap);
    ASSERT_LE(compressed_gap(g), g);
  }
}

}  // namespace
}  // namespace msrnn
