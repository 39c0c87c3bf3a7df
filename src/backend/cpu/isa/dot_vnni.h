// dot.h with the AVX-512 instruction that multiplies 4 unsigned by 4 signed bytes a lane and adds them up.
#pragma once

#include "backend/cpu/isa/codes_avx512.h"

namespace msrnn::cpu::MSRNN_ISA {

struct Bytes {
  __m512i quad[8];  // each number with 128 added, so that it is unsigned
};
inline constexpr int kBytesZero = 128;

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    block.quad[j] = _mm512_xor_si512(_mm512_loadu_si512(p + 64 * j), _mm512_set1_epi8(-128));
  }
  return block;
}

inline Bytes unpack_levels(const std::byte* p) {
  const Codes<4> levels = look_up_levels(p, -128);
  Bytes block;
  for (int j = 0; j < 8; ++j) block.quad[j] = levels.quad[j];
  return block;
}

template <int first, int n, class Block, int groups>
inline void add_dots(const Block (&blocks)[groups], const std::int8_t* x, IntRows (&sums)[groups]) {
  unrolled<n>([&](auto i) {
    constexpr int kQuad = first + i.value;
    const __m512i quad = broadcast_quad(x + 4 * kQuad);
    for (int g = 0; g < groups; ++g) {
      __m512i& sum = sums[g].part[0].v;
      sum = _mm512_dpbusd_epi32(sum, blocks[g].quad[kQuad], quad);
    }
  });
}

}  // namespace msrnn::cpu::MSRNN_ISA
