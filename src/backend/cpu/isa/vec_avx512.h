// vec.h for AVX-512 (F, BW, DQ, VL): 16 lanes.
#pragma once

#include <cstdint>
#include <immintrin.h>

#include "base/half.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kLanes = 16;

struct F32 {
  static constexpr int lanes = kLanes;
  __m512 v;
};
struct I32 {
  static constexpr int lanes = kLanes;
  __m512i v;
};
struct Mask {
  __mmask16 m;
};

inline Mask first_lanes(int n) { return {static_cast<__mmask16>((1u << n) - 1u)}; }
inline std::uint32_t bits(Mask a) { return a.m; }
inline Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.m & b.m)}; }
inline Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.m | b.m)}; }

inline F32 broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline F32 operator+(F32 a, F32 b) { return {a.v + b.v}; }
inline F32 operator-(F32 a, F32 b) { return {a.v - b.v}; }
inline F32 operator*(F32 a, F32 b) { return {a.v * b.v}; }
inline F32 operator/(F32 a, F32 b) { return {a.v / b.v}; }
inline F32 fma(F32 a, F32 b, F32 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F32 min(F32 a, F32 b) { return {_mm512_min_ps(a.v, b.v)}; }
inline F32 max(F32 a, F32 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F32 abs(F32 a) { return {_mm512_abs_ps(a.v)}; }
inline F32 round(F32 a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
inline F32 sqrt(F32 a) { return {_mm512_sqrt_ps(a.v)}; }
inline F32 shift_exponent(F32 x, F32 n) { return {_mm512_scalef_ps(x.v, n.v)}; }
inline Mask less(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask less_equal(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
inline Mask equal(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
inline F32 select(Mask m, F32 a, F32 b) { return {_mm512_mask_blend_ps(m.m, b.v, a.v)}; }

inline I32 broadcast(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
inline I32 iota() { return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)}; }
inline I32 operator+(I32 a, I32 b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline I32 min(I32 a, I32 b) { return {_mm512_min_epi32(a.v, b.v)}; }
inline I32 max(I32 a, I32 b) { return {_mm512_max_epi32(a.v, b.v)}; }
inline Mask less(I32 a, I32 b) { return {_mm512_cmplt_epi32_mask(a.v, b.v)}; }
inline Mask equal(I32 a, I32 b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
inline I32 select(Mask m, I32 a, I32 b) { return {_mm512_mask_blend_epi32(m.m, b.v, a.v)}; }
inline F32 to_float(I32 a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline I32 round_to_int(F32 a) { return {_mm512_cvtps_epi32(a.v)}; }
inline I32 truncate_to_int(F32 a) { return {_mm512_cvttps_epi32(a.v)}; }
template <int bits>
inline I32 shift_left(I32 a) {
  return {_mm512_slli_epi32(a.v, bits)};
}
inline I32 low_half(I32 a) { return {_mm512_and_si512(a.v, _mm512_set1_epi32(0xffff))}; }
inline I32 high_half(I32 a) { return {_mm512_srli_epi32(a.v, 16)}; }

inline F32 load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline I32 load(const std::int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline F32 from_half(__m256i x) { return {_mm512_cvtph_ps(x)}; }
inline F32 broadcast(Half x) { return from_half(_mm256_set1_epi16(static_cast<std::int16_t>(x.bits))); }
inline F32 from_bfloat16(__m256i x) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16))};
}
// Of 32 bits that hold two bfloat16, the one at the lower address, and the other.
inline F32 first_bfloat16(I32 pair) { return {_mm512_castsi512_ps(_mm512_slli_epi32(pair.v, 16))}; }
inline F32 second_bfloat16(I32 pair) {
  return {_mm512_castsi512_ps(_mm512_and_si512(pair.v, _mm512_set1_epi32(-65536)))};
}
inline F32 load(const Half* p) { return from_half(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline F32 load(const BFloat16* p) {
  return from_bfloat16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline F32 load_partial(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n).m, p)}; }
inline I32 load_partial(const std::int32_t* p, int n) {
  return {_mm512_maskz_loadu_epi32(first_lanes(n).m, p)};
}
inline F32 load_partial(const Half* p, int n) {
  return from_half(_mm256_maskz_loadu_epi16(first_lanes(n).m, p));
}
inline F32 load_partial(const BFloat16* p, int n) {
  return from_bfloat16(_mm256_maskz_loadu_epi16(first_lanes(n).m, p));
}

inline __m256i to_half(F32 a) { return _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline __m256i to_bfloat16(F32 a) {
  const __m512i x = _mm512_castps_si512(a.v);
  const __m512i high = _mm512_srli_epi32(x, 16);
  const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i rounded =
      _mm512_srli_epi32(_mm512_add_epi32(x, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
}
inline void store(float* p, F32 a) { _mm512_storeu_ps(p, a.v); }
inline void store(std::int32_t* p, I32 a) { _mm512_storeu_si512(p, a.v); }
inline void store(Half* p, F32 a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), to_half(a)); }
inline void store(BFloat16* p, F32 a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), to_bfloat16(a)); }
inline void store_partial(float* p, int n, F32 a) { _mm512_mask_storeu_ps(p, first_lanes(n).m, a.v); }
inline void store_partial(std::int32_t* p, int n, I32 a) {
  _mm512_mask_storeu_epi32(p, first_lanes(n).m, a.v);
}
inline void store_partial(Half* p, int n, F32 a) {
  _mm256_mask_storeu_epi16(p, first_lanes(n).m, to_half(a));
}
inline void store_partial(BFloat16* p, int n, F32 a) {
  _mm256_mask_storeu_epi16(p, first_lanes(n).m, to_bfloat16(a));
}
inline I32 load_int8(const std::int8_t* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline void store_int8(std::int8_t* p, I32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(a.v));
}
inline void store_int16(std::int16_t* p, I32 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(a.v));
}

// Combines the halves with `combine` until one lane is left.
template <class Combine>
float reduce(F32 a, Combine combine) {
  const __m512 half = combine(a, F32{_mm512_shuffle_f32x4(a.v, a.v, 0x4e)}).v;
  const __m512 quarter = combine(F32{half}, F32{_mm512_shuffle_f32x4(half, half, 0xb1)}).v;
  const __m512 pair = combine(F32{quarter}, F32{_mm512_permute_ps(quarter, 0x4e)}).v;
  return _mm512_cvtss_f32(combine(F32{pair}, F32{_mm512_permute_ps(pair, 0xb1)}).v);
}
inline std::int32_t reduce_add(I32 a) { return _mm512_reduce_add_epi32(a.v); }
inline float reduce_add(F32 a) {
  return reduce(a, [](F32 x, F32 y) { return x + y; });
}
inline float reduce_max(F32 a) {
  return reduce(a, [](F32 x, F32 y) { return max(x, y); });
}
inline float reduce_min(F32 a) {
  return reduce(a, [](F32 x, F32 y) { return min(x, y); });
}

}  // namespace msrnn::cpu::MSRNN_ISA
