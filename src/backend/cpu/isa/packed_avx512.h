// packed.h for AVX-512.
#pragma once

#include <cstdint>

namespace msrnn::cpu::MSRNN_ISA {

inline I32 operator&(I32 a, I32 b) { return {_mm512_and_si512(a.v, b.v)}; }
inline I32 operator|(I32 a, I32 b) { return {_mm512_or_si512(a.v, b.v)}; }
inline I32 operator^(I32 a, I32 b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int bits>
inline I32 shift_words_left(I32 a) {
  return {_mm512_slli_epi16(a.v, bits)};
}
template <int bits>
inline I32 shift_words_right(I32 a) {
  return {_mm512_srli_epi16(a.v, bits)};
}
template <int bits>
inline I32 shift_signed_words_right(I32 a) {
  return {_mm512_srai_epi16(a.v, bits)};
}
inline I32 add_words(I32 a, I32 b) { return {_mm512_add_epi16(a.v, b.v)}; }
inline I32 dot_bytes(I32 a, I32 b) { return {_mm512_maddubs_epi16(a.v, b.v)}; }
inline I32 dot_words(I32 a, I32 b) { return {_mm512_madd_epi16(a.v, b.v)}; }
inline I32 low_nibbles(I32 a) { return {_mm512_and_si512(a.v, _mm512_set1_epi8(15))}; }
inline I32 high_nibbles(I32 a) { return low_nibbles({_mm512_srli_epi32(a.v, 4)}); }
inline I32 look_up_bytes(I32 table, I32 i) { return {_mm512_shuffle_epi8(table.v, i.v)}; }
inline I32 interleave_low_bytes(I32 a, I32 b) { return {_mm512_unpacklo_epi8(a.v, b.v)}; }
inline I32 interleave_high_bytes(I32 a, I32 b) { return {_mm512_unpackhi_epi8(a.v, b.v)}; }
inline I32 load_16_bytes(const std::int8_t* p) {
  return {_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}

}  // namespace msrnn::cpu::MSRNN_ISA
