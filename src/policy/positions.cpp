#include "policy/positions.h"

#include <cmath>
#include <numbers>

namespace msrnn {

std::int32_t compressed_gap(std::int32_t gap) {
  constexpr std::int32_t kKept = 10;
  if (gap <= kKept) return gap;
  const double excess = std::log(std::log(static_cast<double>(gap - kKept) + std::numbers::e));
  return kKept + static_cast<std::int32_t>(std::ceil(excess));
}

}  // namespace msrnn
