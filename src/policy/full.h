// The unbounded multi-state: the ordinary transformer, which keeps every token (arXiv 2401.06104,
// section 3.1).
#pragma once

#include <string_view>

#include "policy/slot.h"

namespace msrnn {

struct Full {
  static constexpr std::string_view name = "full";
  static constexpr bool observes = false;
  static constexpr bool bounded = false;
  static constexpr Granularity granularity = Granularity::layer;

  MSRNN_HD float update(float score, float) const { return score; }
  MSRNN_HD float keep(Slot, Clock) const { return kPinned; }
};

}  // namespace msrnn
