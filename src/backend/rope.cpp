#include "backend/rope.h"

#include <algorithm>
#include <cmath>

namespace msrnn {

double Rope::angle(std::int64_t position, std::size_t i) const {
  const auto at = static_cast<double>(position);
  if (position < context) return at * inverse_frequencies[i];
  if (!long_inverse_frequencies.empty()) return at * long_inverse_frequencies[i];
  // base' = base · s^(d / (d − 2)), so that base'^(−2i / d) = base^(−2i / d) · s^(−2i / (d − 2)).
  const double s = stretch * (at + 1) / static_cast<double>(context) - (stretch - 1);
  const auto pairs_less_one = static_cast<double>(inverse_frequencies.size()) - 1;
  return at * inverse_frequencies[i] * std::pow(s, -static_cast<double>(i) / pairs_less_one);
}

bool Rope::operator==(const Rope& other) const {
  return pairs == other.pairs && amplitude == other.amplitude && context == other.context &&
         stretch == other.stretch && std::ranges::equal(inverse_frequencies, other.inverse_frequencies) &&
         std::ranges::equal(long_inverse_frequencies, other.long_inverse_frequencies);
}

void RopeCopy::assign(const Rope& rope) {
  frequencies_.assign(rope.inverse_frequencies.begin(), rope.inverse_frequencies.end());
  long_frequencies_.assign(rope.long_inverse_frequencies.begin(), rope.long_inverse_frequencies.end());
  rope_ = rope;
  rope_.inverse_frequencies = frequencies_;
  rope_.long_inverse_frequencies = long_frequencies_;
}

}  // namespace msrnn
