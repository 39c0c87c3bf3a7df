// Confidence intervals by resampling (Efron 1979; percentile intervals).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace msrnn {

struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  double confidence = 0.95;
  int resamples = 2000;
  std::uint64_t seed = 1;
};

// Of a statistic of n independent things: statistic(sample) gets the indices of n of them drawn with
// replacement. None of fewer than two: one thing says nothing about how others differ from it. The same on
// every machine.
std::optional<Interval> bootstrap(std::int64_t n,
                                  const std::function<double(std::span<const std::int32_t>)>& statistic,
                                  const BootstrapOptions& options = {});

// Of the mean of some values.
std::optional<Interval> bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

}  // namespace msrnn
