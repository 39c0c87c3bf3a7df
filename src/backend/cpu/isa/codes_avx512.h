// Unpacking codes with AVX-512, for both dot_*.h that use it.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

template <int bits>
struct Codes {
  __m512i quad[8];
};

template <int width, int low, int bits>
inline void add_plane(const std::byte* plane, Codes<bits>& block) {
  const __m512i mask = _mm512_set1_epi8(((1 << width) - 1) << low);
  unrolled<8>([&](auto j) {
    constexpr int kVector = j.value % width, kShift = j.value / width * width - low;
    __m512i fields = _mm512_loadu_si512(plane + 64 * kVector);
    if constexpr (kShift > 0) fields = _mm512_srli_epi16(fields, kShift);
    if constexpr (kShift < 0) fields = _mm512_slli_epi16(fields, -kShift);
    fields = _mm512_and_si512(fields, mask);
    block.quad[j.value] = low == 0 ? fields : _mm512_or_si512(block.quad[j.value], fields);
  });
}

// What the 4-bit codes stand for, each bit of `turned` inverted.
inline Codes<4> look_up_levels(const std::byte* p, char turned) {
  const __m128i levels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kLevels));
  const __m512i table = _mm512_broadcast_i32x4(_mm_xor_si128(levels, _mm_set1_epi8(turned)));
  Codes<4> block = unpack_codes<4>(p);
  for (__m512i& quad : block.quad) quad = _mm512_shuffle_epi8(table, quad);
  return block;
}

inline __m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}

inline Rows load_int8_rows(const std::int8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {{{_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))}}};
}

}  // namespace msrnn::cpu::MSRNN_ISA
