// Confidence in a share that was counted.
#pragma once

#include <cstdint>

#include "eval/bootstrap.h"

namespace msrnn {

// The 95 % interval of the share of which k of n cases were found, after E. B. Wilson (1927): unlike
// resampling it does not pretend to be sure where none or all were. 0 <= k <= n; n = 0 tells nothing: [0, 1].
Interval wilson_interval(std::int64_t k, std::int64_t n);

}  // namespace msrnn
