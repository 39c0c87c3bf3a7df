#include "backend/cpu/rotation_table.h"

#include <algorithm>
#include <cmath>

namespace msrnn::cpu {

void RotationTable::cover(const Rope& rope, std::int32_t n) {
  if (!(rope == rope_.get())) {
    rope_.assign(rope);
    cosines_.clear();
    sines_.clear();
  }
  const std::size_t pairs = rope.inverse_frequencies.size();
  if (pairs == 0) return;
  const auto covered = static_cast<std::int32_t>(cosines_.size() / pairs);
  for (std::int32_t position = covered; position < n; ++position) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = rope.angle(position, i);
      cosines_.push_back(static_cast<float>(rope.amplitude * std::cos(angle)));
      sines_.push_back(static_cast<float>(rope.amplitude * std::sin(angle)));
    }
  }
}

}  // namespace msrnn::cpu
