#include <cmath>

#include "backend/reference/attention.h"

namespace msrnn {
namespace {

// Calls turn(i) for the angle of each pair, as {cosine, sine}.
template <class Turn>
void rotate_pairs(std::span<float> head, const Rope& rope, Turn turn) {
  const std::size_t n = rope.inverse_frequencies.size();
  for (std::size_t i = 0; i < n; ++i) {
    float& a = head[rope.pairs == Rope::Pairs::interleaved ? 2 * i : i];
    float& b = head[rope.pairs == Rope::Pairs::interleaved ? 2 * i + 1 : i + n];
    const auto [cosine, sine] = turn(i);
    const double x = a, y = b;
    a = static_cast<float>(x * cosine - y * sine);
    b = static_cast<float>(x * sine + y * cosine);
  }
}

}  // namespace

void rotate(std::span<float> head, const Rope& rope, std::int32_t position) {
  rotate_pairs(head, rope, [&](std::size_t i) {
    const double angle = rope.angle(position, i);
    return std::pair{rope.amplitude * std::cos(angle), rope.amplitude * std::sin(angle)};
  });
}

void RotaryTable::cover(const Rope& rope, std::int32_t n) {
  if (!(rope == rope_.get())) {
    rope_.assign(rope);
    turns_.clear();
  }
  const std::size_t pairs = rope.inverse_frequencies.size();
  const auto covered = static_cast<std::int32_t>(turns_.size() / pairs);
  for (std::int32_t position = covered; position < n; ++position) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = rope.angle(position, i);
      turns_.push_back({rope.amplitude * std::cos(angle), rope.amplitude * std::sin(angle)});
    }
  }
}

void RotaryTable::rotate(std::span<float> head, const Rope& rope, std::int32_t position) const {
  const Turn* turns = turns_.data() + static_cast<std::size_t>(position) * rope.inverse_frequencies.size();
  rotate_pairs(head, rope, [&](std::size_t i) { return std::pair{turns[i].cosine, turns[i].sine}; });
}

}  // namespace msrnn
