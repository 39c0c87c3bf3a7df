// dot.h with the AVX-512 instruction that multiplies 4 unsigned by 4 signed bytes a lane and adds them up.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

struct Nibbles {
  __m512i quad[8];
};
struct Bytes {
  __m512i quad[8];  // each number with 128 added, so that it is unsigned
};
inline constexpr int kBytesZero = 128;

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
    block.quad[j] = _mm512_xor_si512(_mm512_loadu_si512(p + 64 * j), _mm512_set1_epi8(-128));
  }
  return block;
}

template <class Block>
inline IntRows dot(const Block& block, const std::int8_t* x, IntRows start) {
  __m512i sum = start.part[0].v;
  for (int j = 0; j < 8; ++j) {
    std::int32_t quad;
    __builtin_memcpy(&quad, x + 4 * j, sizeof quad);
    sum = _mm512_dpbusd_epi32(sum, block.quad[j], _mm512_set1_epi32(quad));
  }
  return {{{sum}}};
}

}  // namespace msrnn::cpu::MSRNN_ISA
