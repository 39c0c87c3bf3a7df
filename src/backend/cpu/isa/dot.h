// Integer dot products of 16 rows of a block of weights, of one or more groups, with the 32 activations of
// one token.
//
// Each dot_*.h defines
//   Codes<bits>   a block of codes of 2 to 6 bits
//   add_plane     sets their bits from `low` on to those of a plane of `width` bits (layout.h)
//   Bytes         a block of numbers −128 … 127, made of 8 × 64 bytes by unpack_bytes, or of a plane of 4-bit
//                 codes by unpack_levels
//   add_dots<first, n>(blocks, x, sums)   sums[g][r] += Σ_c blocks[g][r][c] · x[c] over the n quads of
//   columns
//                 from `first` on, x being all 32 activations; n is 4 or 8. Exact for |x| ≤ 127
//   kBytesZero    what it takes the numbers of Bytes to be larger by: the sums must undo it
//   load_int8_rows
#pragma once

#include "backend/cpu/isa/rows.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu::MSRNN_ISA {

// The quads of columns whose products of pairs, of codes of so many bits, fit 16 bits together.
constexpr int quads_in_16_bits(int code_bits, int n) {
  const int most = 32767 / (2 * 127 * ((1 << code_bits) - 1));
  return most < n ? most / 2 * 2 : n;
}
static_assert(quads_in_16_bits(4, 8) == 8 && quads_in_16_bits(5, 8) == 4 && quads_in_16_bits(6, 8) == 2);

template <int bits>
struct Codes;
template <int width, int low, int bits>
inline void add_plane(const std::byte* plane, Codes<bits>& block);

// A block of codes from its planes.
template <int bits>
inline Codes<bits> unpack_codes(const std::byte* planes) {
  constexpr int kLow = low_plane(bits);
  Codes<bits> block;
  add_plane<kLow, 0>(planes, block);
  if constexpr (bits > kLow) add_plane<bits - kLow, kLow>(planes + kLow * kGroupRows * 4, block);
  return block;
}

}  // namespace msrnn::cpu::MSRNN_ISA

#if defined(__AVX512VNNI__)
#include "backend/cpu/isa/dot_vnni.h"
#elif defined(__AVX512BW__)
#include "backend/cpu/isa/dot_avx512.h"
#elif defined(__AVX2__)
#include "backend/cpu/isa/dot_avx2.h"
#else
#include "backend/cpu/isa/dot_scalar.h"
#endif
