// The family of policies that score a token by the attention it gets: a sum that decays by a factor a step,
// the newest tokens and the first ones pinned. Its three numbers span what the literature names apart:
//
//   TOVA     decay 0     recent 0        by layer    arXiv 2401.06104, equation 9 (tova-head: by KV head)
//   H2O      decay 1     recent ⌊k/2⌋    by KV head  arXiv 2306.14048, as 2401.06104 uses it (h2o-layer: by
//   layer) decayed  decay 0.95  recent ⌊k/4⌋    by layer    close to A2SF, arXiv 2407.20485
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

  MSRNN_HD float keep(Slot slot, Clock clock) const {
    const auto n_recent = static_cast<std::int32_t>(recent * static_cast<float>(clock.capacity));
    return slot.position < sinks || slot.position > clock.now - n_recent ? kPinned : slot.score;
  }
};

}  // namespace msrnn
