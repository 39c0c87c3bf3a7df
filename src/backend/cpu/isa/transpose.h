// Vectors as rows of a small matrix, whose columns are wanted.
//
// - transpose: of kLanes vectors, in place;
// - transpose_16bit: of kLanes vectors of 2 · kLanes numbers of 16 bits each. Their columns go into memory,
//   `stride` numbers from one to the next.
#pragma once

#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {

#if defined(__AVX512F__)

inline void transpose(F32 (&rows)[kLanes]) {
  __m512 t[kLanes];
  for (int i = 0; i < kLanes; i += 2) {  // pairs of rows, then quarters of four rows
    t[i] = _mm512_unpacklo_ps(rows[i].v, rows[i + 1].v);
    t[i + 1] = _mm512_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  __m512 u[kLanes];
  for (int i = 0; i < kLanes; i += 4) {
    u[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {  // u[i + 4j]: columns i, i + 4, i + 8, i + 12 of rows 4j to 4j + 3
    const __m512 even_low = _mm512_shuffle_f32x4(u[i], u[i + 4], 0x88);
    const __m512 odd_low = _mm512_shuffle_f32x4(u[i], u[i + 4], 0xdd);
    const __m512 even_high = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0x88);
    const __m512 odd_high = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0xdd);
    rows[i].v = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
    rows[i + 4].v = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
    rows[i + 8].v = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
    rows[i + 12].v = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
  }
}

// Numbers of so many bits of a and b in turn, from the low or the high half of each 128 bits.
template <int bits>
I32 interleave_low(I32 a, I32 b) {
  if constexpr (bits == 16) return {_mm512_unpacklo_epi16(a.v, b.v)};
  if constexpr (bits == 32) return {_mm512_unpacklo_epi32(a.v, b.v)};
  if constexpr (bits == 64) return {_mm512_unpacklo_epi64(a.v, b.v)};
}
template <int bits>
I32 interleave_high(I32 a, I32 b) {
  if constexpr (bits == 16) return {_mm512_unpackhi_epi16(a.v, b.v)};
  if constexpr (bits == 32) return {_mm512_unpackhi_epi32(a.v, b.v)};
  if constexpr (bits == 64) return {_mm512_unpackhi_epi64(a.v, b.v)};
}

// t[i], t[i + 8]: columns i, i + 8, i + 16, i + 24 of rows 0 to 7, and of rows 8 to 15.
inline void store_columns(const I32 (&t)[kLanes], std::uint16_t* columns, int stride) {
  const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  for (int i = 0; i < 8; ++i) {
    const __m512i halves[2] = {_mm512_permutex2var_epi64(t[i].v, low, t[i + 8].v),
                               _mm512_permutex2var_epi64(t[i].v, high, t[i + 8].v)};
    for (int j = 0; j < 2; ++j) {
      std::uint16_t* const column = columns + (i + 16 * j) * stride;
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(column), _mm512_castsi512_si256(halves[j]));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(column + 8 * stride),
                          _mm512_extracti64x4_epi64(halves[j], 1));
    }
  }
}

#elif defined(__AVX2__)

inline void transpose(F32 (&rows)[kLanes]) {
  __m256 t[kLanes];
  for (int i = 0; i < kLanes; i += 2) {  // pairs of rows, then quarters of four rows
    t[i] = _mm256_unpacklo_ps(rows[i].v, rows[i + 1].v);
    t[i + 1] = _mm256_unpackhi_ps(rows[i].v, rows[i + 1].v);
  }
  __m256 u[kLanes];
  for (int i = 0; i < kLanes; i += 4) {
    u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    rows[i].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    rows[i + 4].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}

// Numbers of so many bits of a and b in turn, from the low or the high half of each 128 bits.
template <int bits>
I32 interleave_low(I32 a, I32 b) {
  if constexpr (bits == 16) return {_mm256_unpacklo_epi16(a.v, b.v)};
  if constexpr (bits == 32) return {_mm256_unpacklo_epi32(a.v, b.v)};
  if constexpr (bits == 64) return {_mm256_unpacklo_epi64(a.v, b.v)};
}
template <int bits>
I32 interleave_high(I32 a, I32 b) {
  if constexpr (bits == 16) return {_mm256_unpackhi_epi16(a.v, b.v)};
  if constexpr (bits == 32) return {_mm256_unpackhi_epi32(a.v, b.v)};
  if constexpr (bits == 64) return {_mm256_unpackhi_epi64(a.v, b.v)};
}

// t[i]: columns i and i + 8.
inline void store_columns(const I32 (&t)[kLanes], std::uint16_t* columns, int stride) {
  for (int i = 0; i < kLanes; ++i) {
    std::uint16_t* const column = columns + i * stride;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(column), _mm256_castsi256_si128(t[i].v));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(column + 8 * stride), _mm256_extracti128_si256(t[i].v, 1));
  }
}

#else

inline void transpose(F32 (&rows)[kLanes]) {
  F32 columns[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    for (int j = 0; j < kLanes; ++j) columns[i].v[j] = rows[j].v[i];
  }
  for (int i = 0; i < kLanes; ++i) rows[i] = columns[i];
}

inline void transpose_16bit(const I32 (&rows)[kLanes], std::uint16_t* columns, int stride) {
  for (int i = 0; i < kLanes; ++i) {
    std::uint16_t row[2 * kLanes];
    __builtin_memcpy(row, &rows[i].v, sizeof row);
    for (int j = 0; j < 2 * kLanes; ++j) columns[j * stride + i] = row[j];
  }
}

#endif

#if defined(__AVX2__)

// Of 8 rows each: 128 bits of vector i become number i of the same 128 bits of all of them.
inline void transpose_16bit(const I32 (&rows)[kLanes], std::uint16_t* columns, int stride) {
  I32 t[kLanes], u[kLanes];
  for (int i = 0; i < kLanes; i += 2) {
    t[i] = interleave_low<16>(rows[i], rows[i + 1]);
    t[i + 1] = interleave_high<16>(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < kLanes; i += 4) {
    for (int j = 0; j < 2; ++j) {
      u[i + 2 * j] = interleave_low<32>(t[i + j], t[i + 2 + j]);
      u[i + 2 * j + 1] = interleave_high<32>(t[i + j], t[i + 2 + j]);
    }
  }
  for (int i = 0; i < kLanes; i += 8) {
    for (int j = 0; j < 4; ++j) {
      t[i + 2 * j] = interleave_low<64>(u[i + j], u[i + 4 + j]);
      t[i + 2 * j + 1] = interleave_high<64>(u[i + j], u[i + 4 + j]);
    }
  }
  store_columns(t, columns, stride);
}

#endif

}  // namespace msrnn::cpu::MSRNN_ISA
