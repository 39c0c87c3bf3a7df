// Stored blocks from their parts.
#pragma once

#include <cstddef>

#include "tensor/quantised_block.h"

namespace msrnn {

// The inverse of take_apart.
void put_together(DType type, const QuantisedBlock& block, std::byte* stored);

}  // namespace msrnn
