// A fixed team of threads for loops over independent tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace msrnn {

// What threads do while they wait for others, in no loop and at the end of one.
class WaitingWork {
 public:
  virtual ~WaitingWork() = default;
  // The thread found no more tasks. The loop is not over yet: what is read here, the calling thread may write
  // before it starts the next one.
  virtual void begin(int worker) = 0;
  // A small part of it, some 10 ns: until there is nothing left or the thread goes on.
  virtual void step(int worker) = 0;
};

// The calling thread is one of the team, so a pool of 1 starts no thread. Every task must write only what no
// other task touches: then the result does not depend on the number of threads. One loop at a time; not
// reentrant.
class ThreadPool {
 public:
  // threads >= 1. `waiting_work` outlives the pool; none if null.
  explicit ThreadPool(int threads, WaitingWork* waiting_work = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(task, worker) for every task in [0, n_tasks), and returns when all are done. `worker` in [0,
  // size()) tells which thread runs it, for scratch memory. Every thread has an even, contiguous share of the
  // tasks and takes them in order, then those that others have left: so it meets in one loop what it wrote in
  // the last, in its own cache. body must not throw.
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
  template <class T>
  void await_change(const std::atomic<T>& value, T old, int worker) const;

  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };

  WaitingWork* const waiting_work_;
  // One cache line for each of: a thread's tasks, what a loop's start writes, what its end waits for.
  std::vector<Share> shares_;
  alignas(64) std::atomic<std::uint32_t> generation_{0};
  std::atomic<bool> stop_{false};
  void* callable_ = nullptr;
  Invoke invoke_ = nullptr;
  alignas(64) std::atomic<int> busy_workers_{0};
  std::vector<std::jthread> workers_;  // last, so that they are joined before what they read is gone
};

// Processors this process may run on.
int usable_processors();

}  // namespace msrnn
