// dot.h with AVX-512's multiply-add of bytes to 16 bits, which saturates.
#pragma once

#include "backend/cpu/isa/codes_avx512.h"

namespace msrnn::cpu::MSRNN_ISA {

struct Bytes {
  __m512i magnitude[8];
  __mmask64 negative[8];
};
inline constexpr int kBytesZero = 0;

inline void set_quad(Bytes& block, int j, __m512i numbers) {
  block.magnitude[j] = _mm512_abs_epi8(numbers);
  block.negative[j] = _mm512_movepi8_mask(numbers);
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  for (int j = 0; j < 8; ++j) set_quad(block, j, _mm512_loadu_si512(p + 64 * j));
  return block;
}

inline Bytes unpack_levels(const std::byte* p) {
  const Codes<4> levels = look_up_levels(p, 0);
  Bytes block;
  for (int j = 0; j < 8; ++j) set_quad(block, j, levels.quad[j]);
  return block;
}

// Adds pairs of 16-bit sums to 32-bit ones.
inline void add_pairs(__m512i pairs, IntRows& sums) {
  sums.part[0].v = _mm512_add_epi32(sums.part[0].v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}

template <int first, int n, int bits, int groups>
inline void add_dots(const Codes<bits> (&blocks)[groups], const std::int8_t* x, IntRows (&sums)[groups]) {
  constexpr int kTogether = quads_in_16_bits(bits, n);
  for (int j = first; j < first + n; j += kTogether) {
    __m512i pairs[groups];
    for (__m512i& of_group : pairs) of_group = _mm512_setzero_si512();
    for (int i = j; i < j + kTogether; ++i) {
      const __m512i quad = broadcast_quad(x + 4 * i);
      for (int g = 0; g < groups; ++g) {
        pairs[g] = _mm512_add_epi16(pairs[g], _mm512_maddubs_epi16(blocks[g].quad[i], quad));
      }
    }
    for (int g = 0; g < groups; ++g) add_pairs(pairs[g], sums[g]);
  }
}

// The weight's sign moves to the activation: magnitudes are the unsigned factor, and 2 · 128 · 127 fits.
template <int first, int n, int groups>
inline void add_dots(const Bytes (&blocks)[groups], const std::int8_t* x, IntRows (&sums)[groups]) {
  for (int j = first; j < first + n; ++j) {
    const __m512i quad = broadcast_quad(x + 4 * j);
    for (int g = 0; g < groups; ++g) {
      const __mmask64 negative = blocks[g].negative[j];
      const __m512i turned = _mm512_mask_sub_epi8(quad, negative, _mm512_setzero_si512(), quad);
      add_pairs(_mm512_maddubs_epi16(blocks[g].magnitude[j], turned), sums[g]);
    }
  }
}

}  // namespace msrnn::cpu::MSRNN_ISA
