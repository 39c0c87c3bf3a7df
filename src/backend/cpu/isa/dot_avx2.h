// dot.h with AVX2's multiply-add of bytes to 16 bits, which saturates.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

struct Quads {
  __m256i half[2];  // 8 rows each
};
struct Nibbles {
  Quads quad[8];
};
struct Bytes {
  Quads quad[8];
};
inline constexpr int kBytesZero = 0;

inline __m256i load_bytes(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

inline Nibbles unpack_nibbles(const std::byte* p) {
  const __m256i low = _mm256_set1_epi8(15);
  Nibbles block;
  for (int j = 0; j < 4; ++j) {
    for (int h = 0; h < 2; ++h) {
      const __m256i both = load_bytes(p + 64 * j + 32 * h);
      block.quad[j].half[h] = _mm256_and_si256(both, low);
      block.quad[j + 4].half[h] = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
    }
  }
  return block;
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    for (int h = 0; h < 2; ++h) block.quad[j].half[h] = load_bytes(p + 64 * j + 32 * h);
  }
  return block;
}

inline __m256i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm256_set1_epi32(quad);
}

// All 8 sums of pairs fit 16 bits together: 8 · 2 · 15 · 127 = 30,480.
inline IntRows dot(const Nibbles& block, const std::int8_t* x, IntRows start) {
  __m256i pairs[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (int j = 0; j < 8; ++j) {
    const __m256i quad = broadcast_quad(x + 4 * j);
    for (int h = 0; h < 2; ++h) {
      pairs[h] = _mm256_add_epi16(pairs[h], _mm256_maddubs_epi16(block.quad[j].half[h], quad));
    }
  }
  for (int h = 0; h < 2; ++h) {
    start.part[h].v = _mm256_add_epi32(start.part[h].v, _mm256_madd_epi16(pairs[h], _mm256_set1_epi16(1)));
  }
  return start;
}

// The weight's sign moves to the activation: magnitudes are the unsigned factor, and 2 · 128 · 127 fits.
inline IntRows dot(const Bytes& block, const std::int8_t* x, IntRows start) {
  for (int j = 0; j < 8; ++j) {
    const __m256i quad = broadcast_quad(x + 4 * j);
    for (int h = 0; h < 2; ++h) {
      const __m256i w = block.quad[j].half[h];
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(quad, w));
      start.part[h].v = _mm256_add_epi32(start.part[h].v, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
  }
  return start;
}

}  // namespace msrnn::cpu::MSRNN_ISA
