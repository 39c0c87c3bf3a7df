#include "interrupt.h"

#include <unistd.h>

namespace msrnn {
namespace {

std::atomic<bool> interrupt_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupt_requested = false;
  struct sigaction action {};
  action.sa_handler = [](int) {
    if (interrupt_requested.exchange(true)) ::_exit(kInterrupted);
  };
  // No SA_RESTART: a read that waits for the user is to come back.
  ::sigaction(SIGINT, &action, &previous_);
}

InterruptGuard::~InterruptGuard() { ::sigaction(SIGINT, &previous_, nullptr); }

const std::atomic<bool>& InterruptGuard::requested() const { return interrupt_requested; }

}  // namespace msrnn
