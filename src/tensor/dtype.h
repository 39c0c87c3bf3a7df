// Number types of stored tensors: plain numbers, and blocks of quantised ones as GGUF files hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace msrnn {

enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs,
};
inline constexpr int kDTypes = 15;

// A row is stored as whole blocks. Plain types are blocks of one number.
struct DTypeTraits {
  std::string_view name;  // as users write it
  int block_size;         // numbers in a block
  int block_bytes;
};

// The fields of a block are listed in the order of its bytes. d and m are f16 numbers. An integer q is put
// together from fields of 1, 2 or 4 bits: as "bits/run" they lie so that `run` bytes hold the lowest bits of
// the first `run` numbers, above them those of the next `run`, until the bytes are full. Types of 256 numbers
// give each 16 or 32 of them a small integer s as a scale, and some another one, n, for a minimum; how those
// are packed is written in quantised_block.cpp.
constexpr DTypeTraits traits(DType type) {
  switch (type) {
    case DType::f32:
      return {"f32", 1, 4};
    case DType::f16:
      return {"f16", 1, 2};
    case DType::bf16:
      return {"bf16", 1, 2};
    case DType::q8_0:
      return {"q8_0", 32, 34};  // d, 32 × int8 q: d·q
    case DType::q4_0:
      return {"q4_0", 32, 18};  // d, q as 4/16: d·(q − 8)
    case DType::q4_1:
      return {"q4_1", 32, 20};  // d, m, q as 4/16: d·q + m
    case DType::q5_0:
      return {"q5_0", 32, 22};  // d, bit 4 of q as 1/1, low bits as 4/16: d·(q − 16)
    case DType::q5_1:
      return {"q5_1", 32, 24};  // d, m, bit 4 of q as 1/1, low bits as 4/16: d·q + m
    case DType::q2_k:
      return {"q2_k", 256, 84};  // 16 × (4 bit s, 4 bit n), q as 2/32, d, m: d·s·q − m·n
    case DType::q3_k:
      return {"q3_k", 256, 110};  // bit 2 of q as 1/32, low bits as 2/32, 16 × 6 bit s, d: d·(s − 32)·(q − 4)
    case DType::q4_k:
      return {"q4_k", 256, 144};  // d, m, 8 × (6 bit s, 6 bit n), q as 4/32: d·s·q − m·n
    case DType::q5_k:
      return {"q5_k", 256, 176};  // as q4_k, before its low bits bit 4 of q as 1/32: d·s·q − m·n
    case DType::q6_k:
      return {"q6_k", 256, 210};  // low bits of q as 4/64, high ones as 2/32, 16 × int8 s, d: d·s·(q − 32)
    case DType::iq4_nl:
      return {"iq4_nl", 32, 18};  // d, q as 4/16: d·level(q), kLevels in quantised_block.h
    case DType::iq4_xs:
      return {"iq4_xs", 256, 136};  // d, 8 × 6 bit s, q as 4/16: d·(s − 32)·level(q)
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
