#include "eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace msrnn {
namespace {

// A uniform number below n < 2^31. std::uniform_int_distribution differs between standard libraries.
std::int32_t draw(std::mt19937_64& random, std::int64_t n) {
  return static_cast<std::int32_t>((random() >> 32) * static_cast<std::uint64_t>(n) >> 32);
}

// Between the two neighbours of that rank.
double quantile(const std::vector<double>& sorted, double q) {
  const double rank = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - std::floor(rank)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<Interval> bootstrap(std::int64_t n,
                                  const std::function<double(std::span<const std::int32_t>)>& statistic,
                                  const BootstrapOptions& options) {
  if (n < 2) return std::nullopt;
  std::mt19937_64 random(options.seed);
  std::vector<std::int32_t> sample(static_cast<std::size_t>(n));
  std::vector<double> found(static_cast<std::size_t>(options.resamples));
  for (double& value : found) {
    for (std::int32_t& index : sample) index = draw(random, n);
    value = statistic(sample);
  }
  std::sort(found.begin(), found.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{quantile(found, tail), quantile(found, 1 - tail)};
}

std::optional<Interval> bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  return bootstrap(
      static_cast<std::int64_t>(values.size()),
      [&](std::span<const std::int32_t> sample) {
        double sum = 0;
        for (const std::int32_t i : sample) sum += values[static_cast<std::size_t>(i)];
        return sum / static_cast<double>(sample.size());
      },
      options);
}

}  // namespace msrnn
