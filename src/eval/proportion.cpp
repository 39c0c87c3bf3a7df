#include "eval/proportion.h"

#include <cmath>

namespace msrnn {

Interval wilson_interval(std::int64_t k, std::int64_t n) {
  if (n == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // of the normal distribution, 2.5 % above
  const auto cases = static_cast<double>(n);
  const double share = static_cast<double>(k) / cases, z2 = kZ * kZ / cases;
  const double middle = (share + z2 / 2) / (1 + z2);
  const double half = std::sqrt(share * (1 - share) * z2 + z2 * z2 / 4) / (1 + z2);
  return {k == 0 ? 0 : middle - half, k == n ? 1 : middle + half};  // exactly, where rounding would not
}

}  // namespace msrnn
