#include "base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace msrnn {
namespace {

class Sizes : public ::testing::TestWithParam<int> {};

TEST_P(Sizes, RunEveryTaskOnce) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.size(), GetParam());
  for (const std::int64_t n_tasks : {0, 1, 2, 3, 4, 5, 63, 1000}) {
    std::vector<int> runs(static_cast<std::size_t>(n_tasks), 0);  // plain: each is one task's own
    std::atomic<bool> known_worker = true;
    pool.for_each(n_tasks, [&](std::int64_t task, int worker) {
      ++runs[static_cast<std::size_t>(task)];
      if (worker < 0 || worker >= pool.size()) known_worker = false;
    });
    EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(n_tasks), 1));
    EXPECT_TRUE(known_worker);
  }
}

TEST_P(Sizes, RunManyShortLoopsOneAfterTheOther) {
  ThreadPool pool(GetParam());
  constexpr std::int64_t kTasks = 8;
  std::vector<std::int64_t> values(kTasks, 0);
  std::vector<std::int64_t> next(kTasks, 0);
  constexpr int kLoops = 3000;
  for (int loop = 0; loop < kLoops; ++loop) {  // each reads what all tasks of the one before wrote
    pool.for_each(kTasks, [&](std::int64_t task, int) {
      const auto i = static_cast<std::size_t>(task);
      next[i] = values[(i + 1) % kTasks] + 1;
    });
    std::swap(values, next);
  }
  EXPECT_EQ(values, std::vector<std::int64_t>(kTasks, kLoops));
}

TEST_P(Sizes, GiveEachWorkerItsOwnScratch) {
  ThreadPool pool(GetParam());
  std::vector<std::int64_t> sums(static_cast<std::size_t>(pool.size()), 0);
  pool.for_each(10000,
                [&](std::int64_t task, int worker) { sums[static_cast<std::size_t>(worker)] += task; });
  std::int64_t total = 0;
  for (const std::int64_t sum : sums) total += sum;
  EXPECT_EQ(total, 10000 * 9999 / 2);
}

TEST_P(Sizes, WakeUpAfterSleeping) {
  ThreadPool pool(GetParam());
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> runs = 0;
    pool.for_each(16, [&](std::int64_t, int) { ++runs; });
    EXPECT_EQ(runs, 16);
  }
}

TEST_P(Sizes, StartAndStopWithoutALoop) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(GetParam());
}

// Counts what each thread begins, and reads what the calling thread writes between loops.
class CountingWork final : public WaitingWork {
 public:
  explicit CountingWork(int threads)
      : begun(static_cast<std::size_t>(threads)), seen(begun), stepped(begun) {}

  void begin(int worker) override {
    const auto w = static_cast<std::size_t>(worker);
    ++begun[w];
    seen[w] = published;
  }
  void step(int worker) override { ++stepped[static_cast<std::size_t>(worker)]; }

  int published = 0;
  std::vector<int> begun, seen, stepped;  // plain: each thread has its own
};

TEST_P(Sizes, BeginWaitingWorkAtTheEndOfEachLoop) {
  CountingWork work(GetParam());
  {
    ThreadPool pool(GetParam(), &work);
    for (int loop = 1; loop <= 500; ++loop) {
      work.published = loop;
      std::atomic<int> runs = 0;
      pool.for_each(16, [&](std::int64_t, int) { ++runs; });
      ASSERT_EQ(runs, 16);
      const int expected = pool.size() == 1 ? 0 : loop;  // one thread never waits
      ASSERT_EQ(work.begun, std::vector<int>(work.begun.size(), expected));
      ASSERT_EQ(work.seen, std::vector<int>(work.seen.size(), expected));
    }
  }
  if (GetParam() == 1) {
    EXPECT_EQ(work.stepped, std::vector<int>{0});
  }
}

INSTANTIATE_TEST_SUITE_P(ThreadPool, Sizes, ::testing::Values(1, 2, 3, 4));

TEST(UsableProcessors, AreAtLeastOne) { EXPECT_GE(usable_processors(), 1); }

}  // namespace
}  // namespace msrnn
