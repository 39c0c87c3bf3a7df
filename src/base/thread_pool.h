// A fixed team of threads for loops over independent tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace msrnn {

// The calling thread is one of the team, so a pool of 1 starts no thread. Every task must write only what no
// other task touches: then the result does not depend on the number of threads. One loop at a time; not
// reentrant.
class ThreadPool {
 public:
  // threads >= 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(task, worker) for every task in [0, n_tasks), and returns when all are done. `worker` in [0,
  // size()) tells which thread runs it, for scratch memory. Tasks are handed out in order. body must not
  // throw.
  template <class Body>
  void for_each(std::int64_t n_tasks, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    run(n_tasks, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* callable, std::int64_t task, int worker) {
          (*static_cast<Callable*>(callable))(task, worker);
        });
  }

 private:
  using Invoke = void (*)(void* callable, std::int64_t task, int worker);

  void run(std::int64_t n_tasks, void* callable, Invoke invoke);
  void work(int worker);
  void drain(int worker);

  // One cache line for each of: what all fight for, what a loop's start writes, what its end waits for.
  alignas(64) std::atomic<std::int64_t> next_task_{0};
  alignas(64) std::atomic<std::uint32_t> generation_{0};
  std::atomic<bool> stop_{false};
  void* callable_ = nullptr;
  Invoke invoke_ = nullptr;
  std::int64_t n_tasks_ = 0;
  alignas(64) std::atomic<int> busy_workers_{0};
  std::vector<std::jthread> workers_;  // last, so that they are joined before what they read is gone
};

// Processors this process may run on.
int usable_processors();

}  // namespace msrnn
