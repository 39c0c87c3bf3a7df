// How weights lie in memory for the matrix products of this device. One layout serves all instruction sets.
//
// They go in groups of 16 rows (the last padded with zeros), each a contiguous piece that ends on a cache
// line. Columns go in blocks of 32 (padded with zeros; quantised rows are whole blocks). A group is its
// blocks one after another, so that a product reads one stream of memory; a block is
//   f32, f16    [32 columns][16 rows]
//   bf16        [16 pairs of columns][16 rows][2], or compact, or as integers, both below
//   quantised   the codes (quantised_block.h), then scales f16 [16], then minima f16 [16] where the type has
//               some; minima are added, so they are those of quantised_block.h with the sign turned
// The codes lie in planes of 1, 2, 4 or 8 bits, those of 3, 5 and 6 bits in a plane of their low 2, 4, 4 bits
// and one of the others; 8 bits are int8, with the zero already subtracted. A plane of w bits is bytes
// [w][16 rows][4]: of the 8 quads of columns, vector v holds quad v in the lowest bits of its bytes, above it
// quads v + w, v + 2w, … So 64 bytes, shifted and masked, are one quad of columns of 16 rows: what one
// integer dot instruction takes, with the matching 4 activations the same for all lanes.
//
// Types whose scales come for 256 numbers are packed 8 blocks together: the codes of all, then for each 16 or
// 32 columns int8 [16] that the scales are multiplied with, the same for the minima, and then scales and
// minima as above.
//
// Compact bf16 takes 12 bits a number and loses nothing. The high byte of a bf16, its sign and most of its
// exponent, takes few values in a row of weights, so 4 bits name it. A group begins with 4 tables, one for
// each 4 rows, of the 16 high bytes that are most frequent there; then come its blocks, each
//   [4 × 8 columns]( the codes u8 [4 × 4 rows][2 pairs of columns][4 rows][2], of the first 4 columns in the
//                    low bits, of the others in the high bits; then the low bytes of the numbers
//                    u8 [2 × 4 columns][4 × 4 rows][2 pairs of columns][4 rows][2] )
// so that a look-up and two interleavings make of 64 low bytes what plain bf16 has there. Numbers with
// another high byte are exceptions, a list for each group in the order of blocks: a product takes them before
// it multiplies, so its sums are those of the plain layout. A weight with many of them (compact_bf16.h) stays
// plain.
//
// bf16 as integers of 12 bits: where products of integers are faster and inputs are rounded anyway. Of each
// 32 numbers of a row the largest is below 2^E, and a number is q · 2^(E − 11), to the nearest: exact within
// 3 powers of two of the largest, and off by 2^(E − 12) at most. A block is the high 8 bits of q as the codes
// of 8 bits above, the low 4 as those of 4 bits, then 2^(E − 11) as bf16 [16]; where a number is not finite,
// NaN. So |q| ≤ 2,040, and 32 products with numbers of 16 bits fit 32 bits.
//
// Expanded groups are what instructions for whole tiles of numbers take. They last as long as one product,
// whose tiles of tokens share the work of expanding. A block is plain bf16 as above, or of quantised types
//   int8 [8 quads of columns][16 rows][4], the zero subtracted, then scales float [1 or 2][16], for 32
//   columns or for 16 each, then minima float [1 or 2][16] where the type has some
// For inputs int12 the numbers come twice, the first time times 16, so that they meet both planes at once;
// they are unsigned where the type has minima.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/parts.h"
#include "tensor/dtype.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu {

inline constexpr int kGroupRows = 16;
inline constexpr int kBlockCols = 32;
inline constexpr int kTileTokens = 16;

constexpr std::int64_t n_groups(std::int64_t rows) { return parts(rows, kGroupRows); }
constexpr std::int64_t n_blocks(std::int64_t cols) { return parts(cols, kBlockCols); }

// Of the codes or plain numbers of one block of a group.
constexpr int number_bytes(DType type) {
  constexpr int kNumbers = kGroupRows * kBlockCols;
  return is_quantised(type) ? kNumbers * quantisation(type).bits / 8 : kNumbers * traits(type).block_bytes;
}

// The width of the plane with the low bits of codes.
constexpr int low_plane(int code_bits) {
  if (code_bits == 8) return 8;
  return code_bits >= 4 ? 4 : 2;
}

// Blocks that are packed together.
constexpr int n_together(DType type) { return is_quantised(type) ? traits(type).block_size / kBlockCols : 1; }

// Bytes of what scales are multiplied with, one for each row and 16 or 32 columns of blocks packed together.
constexpr int fine_scale_bytes(DType type) {
  const int blocks = n_together(type);
  return blocks == 1 ? 0 : kGroupRows * blocks * kBlockCols / quantisation(type).scale_count;
}

// Of blocks packed together, from one piece to the next.
constexpr int packed_bytes(DType type) {
  const int numbers = n_together(type) * number_bytes(type);
  if (!is_quantised(type)) return numbers;
  const int scales = fine_scale_bytes(type) + 2 * kGroupRows;
  return numbers + (quantisation(type).minima ? 2 : 1) * scales;
}

// How many scales a block has in a row, each for its share of the columns.
constexpr int n_block_scales(DType type) { return kBlockCols / quantisation(type).scale_count; }

constexpr std::int64_t whole_lines(std::int64_t bytes) {
  constexpr std::int64_t kLine = 64;
  return parts(bytes, kLine) * kLine;
}

constexpr std::int64_t group_bytes(DType type, std::int64_t cols) {
  return whole_lines(n_blocks(cols) / n_together(type) * packed_bytes(type));
}

inline constexpr int kCompactTableBytes = kGroupRows / 4 * 16;
inline constexpr int kCompactBlockBytes = kGroupRows * kBlockCols * 12 / 8;

constexpr std::int64_t compact_group_bytes(std::int64_t cols) {
  return kCompactTableBytes + n_blocks(cols) * kCompactBlockBytes;
}

// Which of its layouts a bf16 weight has: plain or compact, or integers.
enum class BFloat16Layout : std::uint8_t { floats, integers };

inline constexpr int kIntegerBits = 12;
inline constexpr int kIntegerBlockBytes = kGroupRows * (kBlockCols * kIntegerBits / 8 + 2);

constexpr std::int64_t integer_group_bytes(std::int64_t cols) {
  return whole_lines(n_blocks(cols) * kIntegerBlockBytes);
}

// A number of compact bf16 whose code means nothing.
struct BFloat16Exception {
  std::uint32_t block;  // in the group; kNoBlock ends a group's list
  std::uint16_t place;  // among the numbers of a plain block
  std::uint16_t bits;

  static constexpr std::uint32_t kNoBlock = 0xffffffff;
};

// Some groups of a weight, one after another.
struct WeightGroups {
  const std::byte* first;
  std::int64_t bytes;  // from one to the next
  int n_groups;
  std::int64_t n_blocks;
  const BFloat16Exception* const* exceptions;  // [n_groups], of compact bf16
  // Of expanded groups: where the next ones are kept, to be fetched meanwhile, and the bytes of one.
  const std::byte* next = nullptr;
  std::int64_t next_bytes = 0;
};

}  // namespace msrnn::cpu
