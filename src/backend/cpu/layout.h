// How weights and activations lie in memory for the matrix products of this device. One layout serves all
// instruction sets.
//
// Weights: groups of 16 rows (the last padded with zeros), each a contiguous piece that ends on a cache line.
// Columns go in blocks of 32 (padded with zeros; quantised rows are whole blocks). A group is its blocks one
// after another, so that a product reads one stream of memory; a block is
//   q8_0        int8 [8 quads][16 rows][4], then scales f16 [16]
//   q4_0        bytes [4][16 rows][4], low nibbles quads 0 … 3, high nibbles quads 4 … 7; scales as q8_0
//   q4_1        bytes as q4_0, then scales f16 [16] and minima f16 [16]
//   f32, f16    [32 columns][16 rows]
//   bf16        [16 pairs of columns][16 rows][2]
// so that 64 bytes are one quad of columns of 16 rows: what one integer dot instruction takes, with the
// matching 4 activations the same for all lanes.
//
// Activations: tokens go in tiles of 16, and 8, 4, 2, 1 for the rest; within a tile of n tokens all of block
// 0 comes first:
//   int8_pair   two planes: the numbers rounded to int8, and what that left over rounded to int8 again. A
//   plane
//               is int8 [n][32], then float scale[n], float scaled_sum[n], int32 minus_8_sums[n],
//               int32 minus_128_sums[n]; number i is scale · int8, "sum" is that of the block's 32 int8
//   f32         float [n][32]
//   bf16        bf16 [n][32]
#pragma once

#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu {

inline constexpr int kGroupRows = 16;
inline constexpr int kBlockCols = 32;
inline constexpr int kTileTokens = 16;

enum class InputFormat : std::uint8_t { int8_pair, f32, bf16 };
inline constexpr int kInputFormats = 3;

// Of one token's numbers in one block of one int8 plane.
inline constexpr int kPlaneBytes = kBlockCols + 4 * 4;

// Of one token's numbers in one block.
constexpr int input_bytes(InputFormat format) {
  switch (format) {
    case InputFormat::int8_pair:
      return 2 * kPlaneBytes;
    case InputFormat::f32:
      return kBlockCols * 4;
    case InputFormat::bf16:
      return kBlockCols * 2;
  }
  return 0;
}

constexpr std::int64_t n_groups(std::int64_t rows) { return (rows + kGroupRows - 1) / kGroupRows; }
constexpr std::int64_t n_blocks(std::int64_t cols) { return (cols + kBlockCols - 1) / kBlockCols; }

// Of the numbers of one block of a group, without scales.
constexpr int number_bytes(DType type) {
  constexpr int kNumbers = kGroupRows * kBlockCols;
  return is_quantised(type) ? kNumbers * quantisation(type).bits / 8 : kNumbers * traits(type).block_bytes;
}

// Scales, and minima where there are some, of a block of one row.
constexpr int n_scales(DType type) {
  if (!is_quantised(type)) return 0;
  return type == DType::q4_1 ? 2 : 1;
}

// Of one block of a group, from one to the next.
constexpr int block_bytes(DType type) { return number_bytes(type) + n_scales(type) * kGroupRows * 2; }

constexpr std::int64_t group_bytes(DType type, std::int64_t cols) {
  constexpr std::int64_t kLine = 64;
  return (n_blocks(cols) * block_bytes(type) + kLine - 1) / kLine * kLine;
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
