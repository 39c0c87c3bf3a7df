// First in, first out, with the first tokens of the sequence pinned: Window and Window+i (arXiv 2401.06104,
// section 3.3; with 4 sinks and in-cache positions this is StreamingLLM, arXiv 2309.17453). Sinks count
// inside the capacity.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/slot.h"

namespace msrnn {

struct Window {
  static constexpr std::string_view name = "window";
  static constexpr bool observes = false;
  static constexpr bool bounded = true;
  static constexpr Granularity granularity = Granularity::layer;

  std::int32_t sinks = 0;

  MSRNN_HD float update(float score, float) const { return score; }

  // All others tie, and ties go against the oldest.
  MSRNN_HD float keep(Slot slot, Clock) const { return slot.position < sinks ? kPinned : 0.0f; }
};

}  // namespace msrnn
