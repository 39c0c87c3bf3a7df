#include "base/thread_pool.h"

#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/parts.h"

namespace msrnn {
namespace {

// Decode has some 150 short loops a token: a thread that slept between them would spend its time waking up.
// It spins for about 50 µs, longer than the serial parts between loops, and sleeps only when the model is
// idle.
constexpr int kSpins = 2000;

void pause_cpu() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads, WaitingWork* waiting_work)
    : waiting_work_(waiting_work), shares_(static_cast<std::size_t>(threads)) {
  for (int worker = 1; worker < threads; ++worker) workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
}

void ThreadPool::run(std::int64_t n_tasks, void* callable, Invoke invoke) {
  if (workers_.empty() || n_tasks <= 1) {
    for (std::int64_t task = 0; task < n_tasks; ++task) invoke(callable, task, 0);
    return;
  }
  callable_ = callable;
  invoke_ = invoke;
  for (int worker = 0; worker < size(); ++worker) {
    const Part part = even_part(n_tasks, size(), worker);
    Share& share = shares_[static_cast<std::size_t>(worker)];
    share.end = part.end;
    share.next.store(part.begin, std::memory_order_relaxed);
  }
  busy_workers_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  drain(0);
  for (int busy = busy_workers_.load(std::memory_order_acquire); busy != 0;
       busy = busy_workers_.load(std::memory_order_acquire)) {
    await_change(busy_workers_, busy, 0);
  }
}

// Returns when value != old.
template <class T>
void ThreadPool::await_change(const std::atomic<T>& value, T old, int worker) const {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    if (waiting_work_ != nullptr) waiting_work_->step(worker);
    pause_cpu();
  }
  value.wait(old, std::memory_order_acquire);
}

void ThreadPool::drain(int worker) {
  const std::size_t n = shares_.size();
  for (std::size_t i = 0; i < n; ++i) {
    Share& share = shares_[(static_cast<std::size_t>(worker) + i) % n];
    while (share.next.load(std::memory_order_relaxed) < share.end) {
      const std::int64_t task = share.next.fetch_add(1, std::memory_order_relaxed);
      if (task < share.end) invoke_(callable_, task, worker);
    }
  }
  if (waiting_work_ != nullptr) waiting_work_->begin(worker);
}

void ThreadPool::work(int worker) {
  std::uint32_t seen = 0;
  for (;;) {
    await_change(generation_, seen, worker);
    ++seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    drain(worker);
    if (busy_workers_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_workers_.notify_one();
  }
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

}  // namespace msrnn
