// Quantised blocks whose scales are found by search: all types of 256 numbers, and iq4_nl.
#pragma once

#include <cmath>

#include "tensor/quantised_block.h"

namespace msrnn {

// Fills `block` for the numbers of one block, finite, so that the sum of squared errors is near its least.
void search_scales(DType type, const float* numbers, QuantisedBlock& block);

// 1 / scale, or 0 where the scale is too small for any code but that of 0.
inline float inverse(float scale) {
  const float result = 1 / scale;
  return std::isinf(result) ? 0 : result;
}

}  // namespace msrnn
