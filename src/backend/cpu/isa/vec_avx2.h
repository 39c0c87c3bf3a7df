// vec.h for AVX2 with FMA and F16C: 8 lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <immintrin.h>

#include "base/half.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kLanes = 8;

struct F32 {
  static constexpr int lanes = kLanes;
  __m256 v;
};
struct I32 {
  static constexpr int lanes = kLanes;
  __m256i v;
};
struct Mask {
  __m256i m;  // all bits of a lane
};

inline I32 broadcast(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
inline I32 iota() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
inline I32 operator+(I32 a, I32 b) { return {_mm256_add_epi32(a.v, b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm256_sub_epi32(a.v, b.v)}; }
inline I32 min(I32 a, I32 b) { return {_mm256_min_epi32(a.v, b.v)}; }
inline I32 max(I32 a, I32 b) { return {_mm256_max_epi32(a.v, b.v)}; }
inline Mask less(I32 a, I32 b) { return {_mm256_cmpgt_epi32(b.v, a.v)}; }
inline Mask equal(I32 a, I32 b) { return {_mm256_cmpeq_epi32(a.v, b.v)}; }
inline I32 select(Mask m, I32 a, I32 b) { return {_mm256_blendv_epi8(b.v, a.v, m.m)}; }

inline Mask first_lanes(int n) { return less(iota(), broadcast(n)); }
inline std::uint32_t bits(Mask a) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(a.m)));
}
inline Mask operator&(Mask a, Mask b) { return {_mm256_and_si256(a.m, b.m)}; }
inline Mask operator|(Mask a, Mask b) { return {_mm256_or_si256(a.m, b.m)}; }

inline F32 broadcast(float x) { return {_mm256_set1_ps(x)}; }
inline F32 operator+(F32 a, F32 b) { return {a.v + b.v}; }
inline F32 operator-(F32 a, F32 b) { return {a.v - b.v}; }
inline F32 operator*(F32 a, F32 b) { return {a.v * b.v}; }
inline F32 operator/(F32 a, F32 b) { return {a.v / b.v}; }
inline F32 fma(F32 a, F32 b, F32 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline F32 min(F32 a, F32 b) { return {_mm256_min_ps(a.v, b.v)}; }
inline F32 max(F32 a, F32 b) { return {_mm256_max_ps(a.v, b.v)}; }
inline F32 abs(F32 a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
inline F32 round(F32 a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
inline F32 sqrt(F32 a) { return {_mm256_sqrt_ps(a.v)}; }
inline F32 to_float(I32 a) { return {_mm256_cvtepi32_ps(a.v)}; }
inline I32 round_to_int(F32 a) { return {_mm256_cvtps_epi32(a.v)}; }
inline I32 truncate_to_int(F32 a) { return {_mm256_cvttps_epi32(a.v)}; }
template <int bits>
inline I32 shift_left(I32 a) {
  return {_mm256_slli_epi32(a.v, bits)};
}
inline I32 low_half(I32 a) { return {_mm256_and_si256(a.v, _mm256_set1_epi32(0xffff))}; }
inline I32 high_half(I32 a) { return {_mm256_srli_epi32(a.v, 16)}; }
inline F32 shift_exponent(F32 x, F32 n) {
  const __m256i shift = _mm256_slli_epi32(round_to_int(n).v, 23);
  return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x.v), shift))};
}
inline Mask less(F32 a, F32 b) { return {_mm256_castps_si256(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ))}; }
inline Mask less_equal(F32 a, F32 b) { return {_mm256_castps_si256(_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ))}; }
inline Mask equal(F32 a, F32 b) { return {_mm256_castps_si256(_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ))}; }
inline F32 select(Mask m, F32 a, F32 b) { return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(m.m))}; }

inline F32 from_half(__m128i x) { return {_mm256_cvtph_ps(x)}; }
inline F32 from_bfloat16(__m128i x) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16))};
}
// Of 32 bits that hold two bfloat16, the one at the lower address, and the other.
inline F32 first_bfloat16(I32 pair) { return {_mm256_castsi256_ps(_mm256_slli_epi32(pair.v, 16))}; }
inline F32 second_bfloat16(I32 pair) {
  return {_mm256_castsi256_ps(_mm256_and_si256(pair.v, _mm256_set1_epi32(-65536)))};
}
// n 16-bit numbers at p, the others 0: there is no masked load of this width.
inline __m128i load_partial_16bit(const void* p, int n) {
  alignas(16) std::uint16_t copy[8] = {};
  __builtin_memcpy(copy, p, static_cast<std::size_t>(n) * sizeof(std::uint16_t));
  return _mm_load_si128(reinterpret_cast<const __m128i*>(copy));
}
inline F32 broadcast(Half x) { return from_half(_mm_set1_epi16(static_cast<std::int16_t>(x.bits))); }
inline F32 load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline I32 load(const std::int32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
inline F32 load(const Half* p) { return from_half(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
inline F32 load(const BFloat16* p) {
  return from_bfloat16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline F32 load_partial(const float* p, int n) { return {_mm256_maskload_ps(p, first_lanes(n).m)}; }
inline I32 load_partial(const std::int32_t* p, int n) { return {_mm256_maskload_epi32(p, first_lanes(n).m)}; }
inline F32 load_partial(const Half* p, int n) { return from_half(load_partial_16bit(p, n)); }
inline F32 load_partial(const BFloat16* p, int n) { return from_bfloat16(load_partial_16bit(p, n)); }

inline __m128i to_half(F32 a) { return _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline __m128i to_bfloat16(F32 a) {
  const __m256i x = _mm256_castps_si256(a.v);
  const __m256i high = _mm256_srli_epi32(x, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i rounded =
      _mm256_srli_epi32(_mm256_add_epi32(x, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q));
  const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
  const __m256i result = _mm256_blendv_epi8(rounded, quiet, nan);
  return _mm_packus_epi32(_mm256_castsi256_si128(result), _mm256_extracti128_si256(result, 1));
}
inline void store_partial_16bit(void* p, int n, __m128i x) {
  alignas(16) std::uint16_t copy[8];
  _mm_store_si128(reinterpret_cast<__m128i*>(copy), x);
  __builtin_memcpy(p, copy, static_cast<std::size_t>(n) * sizeof(std::uint16_t));
}
inline void store(float* p, F32 a) { _mm256_storeu_ps(p, a.v); }
inline void store(std::int32_t* p, I32 a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
inline void store(Half* p, F32 a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_half(a)); }
inline void store(BFloat16* p, F32 a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_bfloat16(a)); }
inline void store_partial(float* p, int n, F32 a) { _mm256_maskstore_ps(p, first_lanes(n).m, a.v); }
inline void store_partial(std::int32_t* p, int n, I32 a) { _mm256_maskstore_epi32(p, first_lanes(n).m, a.v); }
inline void store_partial(Half* p, int n, F32 a) { store_partial_16bit(p, n, to_half(a)); }
inline void store_partial(BFloat16* p, int n, F32 a) { store_partial_16bit(p, n, to_bfloat16(a)); }
inline I32 load_int8(const std::int8_t* p) {
  return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
}
inline void store_int8(std::int8_t* p, I32 a) {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}
inline void store_int16(std::int16_t* p, I32 a) {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), words);
}

// Combines the halves with `combine` until one lane is left.
template <class Combine>
float reduce(F32 a, Combine combine) {
  const __m256 half = combine(a, F32{_mm256_permute2f128_ps(a.v, a.v, 1)}).v;
  const __m256 pair = combine(F32{half}, F32{_mm256_permute_ps(half, 0x4e)}).v;
  return _mm256_cvtss_f32(combine(F32{pair}, F32{_mm256_permute_ps(pair, 0xb1)}).v);
}
inline std::int32_t reduce_add(I32 a) {
  __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1)));
}
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
