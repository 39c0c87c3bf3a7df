// What one rendering may cost. A template is a program from a file somebody downloaded: every loop, copy and
// recursion of the interpreter is paid from here, so that a hostile one ends with an Error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/fail.h"

namespace msrnn::jinja {

struct Limits {
  std::int64_t steps = 10'000'000;  // expressions evaluated, items visited, values compared
  std::int64_t bytes = 256 << 20;   // copied or scanned, in all; so also the most that is ever held
  int depth = 400;                  // expressions, statements and macros inside each other
};

class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits), steps_(limits.steps), bytes_(limits.bytes) {}

  void step(std::size_t n = 1) {
    if (n > static_cast<std::size_t>(steps_)) fail("the template takes more than {} steps", limits_.steps);
    steps_ -= static_cast<std::int64_t>(n);
  }

  // Call it before the bytes exist.
  void charge(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(bytes_)) {
      fail("the template needs more than {} bytes of working memory", limits_.bytes);
    }
    bytes_ -= static_cast<std::int64_t>(bytes);
  }

  void charge(std::size_t count, std::size_t bytes_each) {
    if (bytes_each != 0 && count > static_cast<std::size_t>(bytes_) / bytes_each) charge(SIZE_MAX);
    charge(count * bytes_each);
  }

  // One level of recursion, while it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (budget.depth_ >= budget.limits_.depth) {
        fail("the template nests or recurses deeper than {} levels", budget.limits_.depth);
      }
      ++budget.depth_;
    }
    ~Level() { --budget_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

 private:
  Limits limits_;
  std::int64_t steps_;
  std::int64_t bytes_;
  int depth_ = 0;
};

}  // namespace msrnn::jinja
