// How a key or a value is stored in a state: the definition. Reading is dequantise().
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace msrnn::reference {

// Writes n numbers, whole blocks of the type: f32, f16, bf16 (to nearest even) or q8_0. A block x of q8_0 has
// the scale d = max |x| ÷ 127, rounded to f16, and the codes x · (1 ÷ d), to nearest even and from −127 to
// 127; where d is 0, infinite or no number, all codes are 0. So a number is off by at most d / 2, or by
// 2^−18 where d is no normal f16, and a block with numbers that are not finite, or above 127 · 65504, reads
// as NaN.
void store_row(DType type, const float* values, std::int32_t n, std::byte* out);

}  // namespace msrnn::reference
