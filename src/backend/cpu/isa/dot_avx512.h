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

template <int first, int n, int bits>
inline IntRows dot(const Codes<bits>& block, const std::int8_t* x, IntRows start) {
  constexpr int kTogether = quads_in_16_bits(bits, n);
  __m512i sum = start.part[0].v;
  for (int j = first; j < first + n; j += kTogether) {
    __m512i pairs = _mm512_maddubs_epi16(block.quad[j], broadcast_quad(x + 4 * j));
    for (int i = j + 1; i < j + kTogether; ++i) {
      pairs = _mm512_add_epi16(pairs, _mm512_maddubs_epi16(block.quad[i], broadcast_quad(x + 4 * i)));
    }
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  return {{{sum}}};
}

// The weight's sign moves to the activation: magnitudes are the unsigned factor, and 2 · 128 · 127 fits.
template <int first, int n>
inline IntRows dot(const Bytes& block, const std::int8_t* x, IntRows start) {
  __m512i sum = start.part[0].v;
  for (int j = first; j < first + n; ++j) {
    const __m512i quad = broadcast_quad(x + 4 * j);
    const __m512i turned = _mm512_mask_sub_epi8(quad, block.negative[j], _mm512_setzero_si512(), quad);
    const __m512i pairs = _mm512_maddubs_epi16(block.magnitude[j], turned);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  return {{{sum}}};
}

}  // namespace msrnn::cpu::MSRNN_ISA
