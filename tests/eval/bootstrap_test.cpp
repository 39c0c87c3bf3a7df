#include "eval/bootstrap.h"

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace msrnn::testing {
namespace {

TEST(Bootstrap, OfANormalSampleIsNearTheFormula) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(5, 2);
  std::vector<double> values(400);
  for (double& value : values) value = normal(random);
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half_width = 1.96 * std::sqrt(squares / (n - 1) / n);
  const Interval interval = bootstrap_mean(values).value();
  EXPECT_NEAR(interval.low, mean - half_width, 0.15 * half_width);
  EXPECT_NEAR(interval.high, mean + half_width, 0.15 * half_width);
  const Interval narrow = bootstrap_mean(values, {.confidence = 0.5}).value();
  EXPECT_NEAR(narrow.high - narrow.low, 2 * half_width * 0.6745 / 1.96, 0.2 * half_width);
}

TEST(Bootstrap, OfOneThingOrNoneThereIsNoInterval) {
  EXPECT_FALSE(bootstrap_mean(std::vector<double>{0.25}));
  EXPECT_FALSE(bootstrap_mean({}));
  EXPECT_TRUE(bootstrap_mean(std::vector<double>{0.25, 0.25}));
}

TEST(Bootstrap, DrawsEveryIndexAndNoOther) {
  std::vector<int> drawn(7);
  bootstrap(7, [&](std::span<const std::int32_t> sample) {
    EXPECT_EQ(sample.size(), 7u);
    for (const std::int32_t i : sample) ++drawn.at(static_cast<std::size_t>(i));
    return 0.0;
  });
  for (const int n : drawn) EXPECT_NEAR(n, 2000, 200);
}

}  // namespace
}  // namespace msrnn::testing
