#include "backend/stage_clock.h"

#include <chrono>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

namespace msrnn::testing {
namespace {

constexpr double kNap = 0.005;  // seconds, at least

void sleep() { std::this_thread::sleep_for(std::chrono::duration<double>(kNap)); }

double of(const StageSeconds& seconds, Stage stage) { return seconds[static_cast<std::size_t>(stage)]; }

// A step of attention, twice, with a sweep inside.
void work(StageClock& clock) {
  for (int i = 0; i < 2; ++i) {
    const StageClock::Scope attention(clock, Stage::attention);
    sleep();
    {
      const StageClock::Scope sweep(clock, Stage::sweep);
      for (int nap = 0; nap < 4; ++nap) sleep();
    }
    sleep();
  }
}

TEST(StageClock, CountsEveryMomentOnce) {
  StageClock clock;
  for (int run = 0; run < 2; ++run) {
    const Stopwatch outer;
    clock.start();
    sleep();
    const Stopwatch inner;
    work(clock);
    const double inside = inner.seconds();
    sleep();
    const StageSeconds seconds = clock.stop();
    EXPECT_GE(of(seconds, Stage::other), 2 * kNap);
    EXPECT_GE(of(seconds, Stage::attention), 4 * kNap);
    EXPECT_GE(of(seconds, Stage::sweep), 8 * kNap);
    EXPECT_EQ(of(seconds, Stage::products), 0);
    EXPECT_LE(of(seconds, Stage::attention) + of(seconds, Stage::sweep), inside);
    const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    EXPECT_GE(sum, inside + 2 * kNap);
    EXPECT_LE(sum, outer.seconds());
  }
}

TEST(StageClock, CountsNothingWhileOff) {
  StageClock clock;
  work(clock);
  clock.start();
  const StageSeconds seconds = clock.stop();
  work(clock);
  EXPECT_EQ(of(seconds, Stage::attention), 0);
  EXPECT_EQ(of(seconds, Stage::sweep), 0);
  EXPECT_EQ(clock.stop(), seconds);
}

}  // namespace
}  // namespace msrnn::testing
