// dot.h with AVX2's multiply-add of bytes to 16 bits, which saturates.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

// 64 bytes: [16 rows][4 columns]
struct Quads {
  __m256i half[2];  // 8 rows each
};
template <int bits>
struct Codes {
  Quads quad[8];
};
struct Bytes {
  Quads quad[8];
};
inline constexpr int kBytesZero = 0;

inline __m256i load_bytes(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

template <int width, int low, int bits>
inline void add_plane(const std::byte* plane, Codes<bits>& block) {
  const __m256i mask = _mm256_set1_epi8(((1 << width) - 1) << low);
  unrolled<8>([&](auto j) {
    constexpr int kVector = j.value % width, kShift = j.value / width * width - low;
    for (int h = 0; h < 2; ++h) {
      __m256i& quad = block.quad[j.value].half[h];
      __m256i fields = load_bytes(plane + 64 * kVector + 32 * h);
      if constexpr (kShift > 0) fields = _mm256_srli_epi16(fields, kShift);
      if constexpr (kShift < 0) fields = _mm256_slli_epi16(fields, -kShift);
      fields = _mm256_and_si256(fields, mask);
      quad = low == 0 ? fields : _mm256_or_si256(quad, fields);
    }
  });
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    for (int h = 0; h < 2; ++h) block.quad[j].half[h] = load_bytes(p + 64 * j + 32 * h);
  }
  return block;
}

inline Bytes unpack_levels(const std::byte* p) {
  const __m128i levels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kLevels));
  const __m256i table = _mm256_broadcastsi128_si256(levels);
  const Codes<4> codes = unpack_codes<4>(p);
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    for (int h = 0; h < 2; ++h) block.quad[j].half[h] = _mm256_shuffle_epi8(table, codes.quad[j].half[h]);
  }
  return block;
}

// Adds pairs of 16-bit sums to 32-bit ones.
inline void add_pairs(__m256i pairs, I32& sums) {
  sums.v = _mm256_add_epi32(sums.v, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

inline __m256i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm256_set1_epi32(quad);
}

// Registers hold what one group needs: no more than one at a time.
template <int first, int n, int bits>
inline void add_dots(const Codes<bits> (&blocks)[1], const std::int8_t* x, IntRows (&sums)[1]) {
  constexpr int kTogether = quads_in_16_bits(bits, n);
  for (int j = first; j < first + n; j += kTogether) {
    __m256i pairs[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int i = j; i < j + kTogether; ++i) {
      const __m256i quad = broadcast_quad(x + 4 * i);
      for (int h = 0; h < 2; ++h) {
        pairs[h] = _mm256_add_epi16(pairs[h], _mm256_maddubs_epi16(blocks[0].quad[i].half[h], quad));
      }
    }
    for (int h = 0; h < 2; ++h) {
      add_pairs(pairs[h], sums[0].part[h]);
    }
  }
}

// The weight's sign moves to the activation: magnitudes are the unsigned factor, and 2 · 128 · 127 fits.
template <int first, int n>
inline void add_dots(const Bytes (&blocks)[1], const std::int8_t* x, IntRows (&sums)[1]) {
  for (int j = first; j < first + n; ++j) {
    const __m256i quad = broadcast_quad(x + 4 * j);
    for (int h = 0; h < 2; ++h) {
      const __m256i w = blocks[0].quad[j].half[h];
      add_pairs(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(quad, w)), sums[0].part[h]);
    }
  }
}

inline Rows load_int8_rows(const std::int8_t* p) {
  return each_part([&](int i) {
    std::int64_t bytes;
    __builtin_memcpy(&bytes, p + i * kLanes, sizeof bytes);
    return F32{_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytes)))};
  });
}

}  // namespace msrnn::cpu::MSRNN_ISA
