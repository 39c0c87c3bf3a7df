#include <cmath>

#include "backend/reference/attention.h"

namespace msrnn {
namespace {

// Calls turn(i) for the angle of each pair, as {cosine, sine}.
template <class Turn>
void rotate_pairs(std::span<float> head, Rope::Pairs pairs, Turn turn) {
  const std::size_t n = head.size() / 2;
  for (std::size_t i = 0; i < n; ++i) {
    float& a = head[pairs == Rope::Pairs::interleaved ? 2 * i : i];
    float& b = head[pairs == Rope::Pairs::interleaved ? 2 * i + 1 : i + n];
    const auto [cosine, sine] = turn(i);
    const double x = a, y = b;
    a = static_cast<float>(x * cosine - y * sine);
    b = static_cast<float>(x * sine + y * cosine);
  }
}

}  // namespace

void rotate(std::span<float> head, const Rope& rope, std::int32_t position) {
  rotate_pairs(head, rope.pairs, [&](std::size_t i) {
    const double angle = position * rope.inverse_frequencies[i];
    return std::pair{std::cos(angle), std::sin(angle)};
  });
}

void RotaryTable::cover(const Rope& rope, std::int32_t n) {
  const std::span<const double> frequencies = rope.inverse_frequencies;
  if (!std::equal(frequencies.begin(), frequencies.end(), frequencies_.begin(), frequencies_.end())) {
    frequencies_.assign(frequencies.begin(), frequencies.end());
    turns_.clear();
  }
  const auto covered = static_cast<std::int32_t>(turns_.size() / frequencies.size());
  for (std::int32_t position = covered; position < n; ++position) {
    for (const double frequency : frequencies) {
      turns_.push_back({std::cos(position * frequency), std::sin(position * frequency)});
    }
  }
}

void RotaryTable::rotate(std::span<float> head, const Rope& rope, std::int32_t position) const {
  const Turn* turns = turns_.data() + static_cast<std::size_t>(position) * frequencies_.size();
  rotate_pairs(head, rope.pairs, [&](std::size_t i) { return std::pair{turns[i].cosine, turns[i].sine}; });
}

}  // namespace msrnn
