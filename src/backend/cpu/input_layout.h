// How activations lie in memory for the matrix products of this device: tokens go in tiles of 16, and 8, 4,
// 2, 1 for the rest; within a tile of n tokens all of block 0 comes first:
//   int8        Int8Token<1> [n]
//   int8_pair   Int8Token<2> [n]
//   int12       Int8Token<2> [n], with 16 in place of 256
//   int16       Int16Token [n]
//   f32         float [n][32]
//   bf16        bf16 [n][32]
//   bf16_pair   bf16 [n][32], the numbers rounded, then [n][32], what that left over rounded
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/layout.h"

namespace msrnn::cpu {

enum class InputFormat : std::uint8_t { f32, int8, int8_pair, int12, int16, bf16, bf16_pair };
inline constexpr int kInputFormats = 7;

// One token's numbers in one block, as integers: number i is scale times plane[0][i], or times 256 ·
// plane[0][i] + plane[1][i]. "sum" is that of all these integers; products of either with weights are
// integers too, which one scale completes.
template <int planes>
struct alignas(32) Int8Token {
  std::int8_t plane[planes][kBlockCols];  // −127 … 127; none across the end of a cache line
  float scale, scaled_sum;
  std::int32_t minus_8_sum, minus_128_sum;
  std::int32_t half_sums[2];       // of the first 16 numbers, of the last
  std::int16_t remainder_sums[2];  // what plane[1] adds to these
  std::int32_t n_planes;           // 1 where plane[1] is all 0
};

// The same with one integer a number, 256 · plane[0][i] + plane[1][i] of above. They lie as pairs that meet
// the bytes of 16-bit words of weights: of each quad of columns the first and the third, then the second and
// the fourth.
struct alignas(32) Int16Token {
  std::int16_t numbers[kBlockCols];
  float scale, scaled_sum;
  std::int32_t minus_8_sum, minus_128_sum;
  std::int32_t half_sums[2];
};

// Of one token's numbers in one block.
constexpr int input_bytes(InputFormat format) {
  switch (format) {
    case InputFormat::int8:
      return sizeof(Int8Token<1>);
    case InputFormat::int8_pair:
    case InputFormat::int12:
      return sizeof(Int8Token<2>);
    case InputFormat::int16:
      return sizeof(Int16Token);
    case InputFormat::f32:
      return kBlockCols * 4;
    case InputFormat::bf16:
      return kBlockCols * 2;
    case InputFormat::bf16_pair:
      return 2 * kBlockCols * 2;
  }
  return 0;
}

struct TileSpan {
  std::int64_t first_token;
  int n_tokens;
};

// The tile that token `token` of `n_tokens` is in.
constexpr TileSpan tile_of(std::int64_t token, std::int64_t n_tokens) {
  std::int64_t first = n_tokens / kTileTokens * kTileTokens;
  if (token < first) return {token / kTileTokens * kTileTokens, kTileTokens};
  int size = kTileTokens / 2;
  for (; size > 1; size /= 2) {
    if (first + size > n_tokens) continue;
    if (token < first + size) break;
    first += size;
  }
  return {first, size};
}

}  // namespace msrnn::cpu
