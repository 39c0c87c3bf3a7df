// dot.h with AVX-512's multiply-add of bytes to 16 bits, which saturates.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

struct Nibbles {
  __m512i quad[8];
};
struct Bytes {
  __m512i magnitude[8];
  __mmask64 negative[8];
};
inline constexpr int kBytesZero = 0;

inline Nibbles unpack_nibbles(const std::byte* p) {
  const __m512i low = _mm512_set1_epi8(15);
  Nibbles block;
  for (int j = 0; j < 4; ++j) {
    const __m512i both = _mm512_loadu_si512(p + 64 * j);
    block.quad[j] = _mm512_and_si512(both, low);
    block.quad[j + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
  }
  return block;
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    const __m512i w = _mm512_loadu_si512(p + 64 * j);
    block.magnitude[j] = _mm512_abs_epi8(w);
    block.negative[j] = _mm512_movepi8_mask(w);
  }
  return block;
}

inline __m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}

// All 8 sums of pairs fit 16 bits together: 8 · 2 · 15 · 127 = 30,480.
inline IntRows dot(const Nibbles& block, const std::int8_t* x, IntRows start) {
  __m512i pairs = _mm512_maddubs_epi16(block.quad[0], broadcast_quad(x));
  for (int j = 1; j < 8; ++j) {
    pairs = _mm512_add_epi16(pairs, _mm512_maddubs_epi16(block.quad[j], broadcast_quad(x + 4 * j)));
  }
  return {{{_mm512_add_epi32(start.part[0].v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))}}};
}

// The weight's sign moves to the activation: magnitudes are the unsigned factor, and 2 · 128 · 127 fits.
inline IntRows dot(const Bytes& block, const std::int8_t* x, IntRows start) {
  __m512i sum = start.part[0].v;
  for (int j = 0; j < 8; ++j) {
    const __m512i quad = broadcast_quad(x + 4 * j);
    const __m512i turned = _mm512_mask_sub_epi8(quad, block.negative[j], _mm512_setzero_si512(), quad);
    const __m512i pairs = _mm512_maddubs_epi16(block.magnitude[j], turned);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  return {{{sum}}};
}

}  // namespace msrnn::cpu::MSRNN_ISA
