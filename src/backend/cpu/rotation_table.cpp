#include "backend/cpu/rotation_table.h"

#include <algorithm>
#include <cmath>

namespace msrnn::cpu {

void RotationTable::cover(const Rope& rope, std::int32_t n) {
  const auto frequencies = rope.inverse_frequencies;
  if (!std::equal(frequencies.begin(), frequencies.end(), frequencies_.begin(), frequencies_.end())) {
    frequencies_.assign(frequencies.begin(), frequencies.end());
    cosines_.clear();
    sines_.clear();
  }
  if (frequencies_.empty()) return;
  const auto covered = static_cast<std::int32_t>(cosines_.size() / frequencies_.size());
  for (std::int32_t position = covered; position < n; ++position) {
    for (const double frequency : frequencies_) {
      cosines_.push_back(static_cast<float>(std::cos(position * frequency)));
      sines_.push_back(static_cast<float>(std::sin(position * frequency)));
    }
  }
}

}  // namespace msrnn::cpu
