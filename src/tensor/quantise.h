// Numbers as stored blocks: the inverse of dequantise, as good as each type allows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace msrnn {

// Writes n numbers to `blocks`, stored_bytes(type, n) of them. n must be a multiple of the block size, and
// the numbers finite. Types with one scale for 32 numbers give the bytes of the gguf package, which takes the
// scale from the largest number; all others search for the scales of least squared error. The same numbers
// give the same bytes, wherever in a row they lie.
void quantise(DType type, const float* numbers, std::int64_t n, std::byte* blocks);

}  // namespace msrnn
