// Number types of stored tensors: plain numbers, and blocks of quantised ones as GGUF files hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace msrnn {

enum class DType : std::uint8_t { f32, f16, bf16, q8_0, q4_0, q4_1 };

// A row is stored as whole blocks. Plain types are blocks of one number.
struct DTypeTraits {
  std::string_view name;  // as users write it
  int block_size;         // numbers in a block
  int block_bytes;
};

constexpr DTypeTraits traits(DType type) {
  switch (type) {
    case DType::f32:
      return {"f32", 1, 4};
    case DType::f16:
      return {"f16", 1, 2};
    case DType::bf16:
      return {"bf16", 1, 2};
    case DType::q8_0:
      return {"q8_0", 32, 34};  // f16 scale d, 32 × int8 q: d·q
    case DType::q4_0:
      return {"q4_0", 32, 18};  // f16 scale d, 32 × 4 bit q: d·(q − 8)
    case DType::q4_1:
      return {"q4_1", 32, 20};  // f16 scale d, f16 minimum m, 32 × 4 bit q: d·q + m
  }
  return {"?", 1, 1};
}

constexpr bool is_quantised(DType type) { return traits(type).block_size > 1; }

// Bytes of n numbers; n must be a multiple of the block size.
constexpr std::int64_t stored_bytes(DType type, std::int64_t n) {
  return n / traits(type).block_size * traits(type).block_bytes;
}

// The n numbers at `blocks` as float. n must be a multiple of the block size.
void dequantise(DType type, const std::byte* blocks, std::int64_t n, float* out);

}  // namespace msrnn
