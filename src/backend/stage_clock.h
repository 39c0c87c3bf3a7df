// Where the time of a device's steps goes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/stopwatch.h"

namespace msrnn {

enum class Stage : std::uint8_t {
  products,   // norms, projections, rotations, feed-forward, logits
  attention,  // of queries over states, and writing these; evicting too where rows go one by one
  sweep,      // evicting, row after row, where a block of rows is read
  other       // between the steps: the caller
};
inline constexpr std::size_t kStages = 4;
using StageSeconds = std::array<double, kStages>;  // by Stage

// Every moment between start() and stop() counts for one stage, as the calling thread sees it. Off at first;
// then scopes cost a comparison. For one thread.
class StageClock {
 public:
  // While it lives, time counts for its stage, and no more for the one around it.
  class Scope {
   public:
    Scope(StageClock& clock, Stage stage) : clock_(clock), around_(clock.stage_) { clock_.enter(stage); }
    ~Scope() { clock_.enter(around_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StageClock& clock_;
    Stage around_;
  };

  void start() {
    seconds_ = {};
    watch_ = {};
    counted_ = 0;
    running_ = true;
  }
  // Of each stage since start().
  StageSeconds stop() {
    enter(stage_);
    running_ = false;
    return seconds_;
  }

 private:
  void enter(Stage stage) {
    if (running_) {
      const double now = watch_.seconds();
      seconds_[static_cast<std::size_t>(stage_)] += now - counted_;
      counted_ = now;
    }
    stage_ = stage;
  }

  bool running_ = false;
  Stage stage_ = Stage::other;
  StageSeconds seconds_ = {};
  Stopwatch watch_;
  double counted_ = 0;  // of the watch, already in seconds_
};

}  // namespace msrnn
