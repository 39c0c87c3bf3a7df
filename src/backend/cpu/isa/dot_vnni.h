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

template <int first, int n, class Block>
inline IntRows dot(const Block& block, const std::int8_t* x, IntRows start) {
  __m512i sum = start.part[0].v;
  for (int j = first; j < first + n; ++j) {
    sum = _mm512_dpbusd_epi32(sum, block.quad[j], broadcast_quad(x + 4 * j));
  }
  return {{{sum}}};
}

}  // namespace msrnn::cpu::MSRNN_ISA
