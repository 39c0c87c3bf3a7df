// Quantised blocks whose scales are found by search: all types of 256 numbers, and iq4_nl.
#pragma once

#include "tensor/quantised_block.h"

namespace msrnn {

// Fills `block` for the numbers of one block, finite, so that the sum of squared errors is near its least.
void search_scales(DType type, const float* numbers, QuantisedBlock& block);

}  // namespace msrnn
