#include "backend/cpu/peak.h"

#include <algorithm>

#include "base/stopwatch.h"

namespace msrnn::cpu {

double measure_peak(const MatmulKernels::Peak& peak, ThreadPool& pool) {
  constexpr double kLongEnough = 0.02;  // seconds of a run
  constexpr int kRuns = 5;
  const auto seconds = [&](std::int64_t rounds) {
    const Stopwatch watch;
    pool.for_each(pool.size(), [&](std::int64_t, int) { peak.run(rounds); });
    return watch.seconds();
  };
  std::int64_t rounds = 1024;
  while (seconds(rounds) < kLongEnough) rounds *= 2;
  double best = seconds(rounds);
  for (int run = 1; run < kRuns; ++run) best = std::min(best, seconds(rounds));
  return static_cast<double>(peak.multiply_adds * rounds * pool.size()) / best;
}

}  // namespace msrnn::cpu
