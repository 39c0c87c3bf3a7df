// Ctrl-C as a wish to stop, not as the end.
#pragma once

#include <atomic>
#include <csignal>

namespace msrnn {

// Exit status of a program that stopped because of Ctrl-C.
inline constexpr int kInterrupted = 128 + SIGINT;

// While it lives the first Ctrl-C is noted; the next one ends the program. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  const std::atomic<bool>& requested() const;

 private:
  struct sigaction previous_ {};
};

}  // namespace msrnn
