// The family of policies that score a token by the attention it gets: a sum that decays by a factor a step,
// the newest tokens and the first ones pinned. Its three numbers span what the literature names apart:
//
//   TOVA     decay 0     recent 0        by layer    arXiv 2401.06104, equation 9 (tova-head: by KV head)
//   H2O      decay 1     recent ⌊k/2⌋    by KV head  arXiv 2306.14048 (h2o-layer: by layer)
//   decayed  decay 0.95  recent ⌊k/4⌋    by layer    close to A2SF, arXiv 2407.20485
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/slot.h"

namespace msrnn {

struct AttentionMass {
  static constexpr std::string_view name = "mass";
  static constexpr bool observes = true;
  static constexpr bool bounded = true;

  float decay = 0;
  float recent = 0;  // share of the capacity, rounded down to tokens
  std::int32_t sinks = 0;
  Granularity granularity = Granularity::layer;

  MSRNN_HD float update(float score, float mass) const { return decay * score + mass; }

  // A share such as 0.13 is a little less as a float, and must still be 117 of 900 tokens.
  MSRNN_HD std::int32_t n_recent(std::int32_t capacity) const {
    constexpr float kRounding = 0x1p-10f;
    return static_cast<std::int32_t>(recent * static_cast<float>(capacity) + kRounding);
  }

  MSRNN_HD float keep(Slot slot, Clock clock) const {
    return slot.position < sinks || slot.position > clock.now - n_recent(clock.capacity) ? kPinned
                                                                                         : slot.score;
  }
};

}  // namespace msrnn
