// packed.h in the compiler's own vectors.
#pragma once

#include <cstdint>

namespace msrnn::cpu::MSRNN_ISA {

using Words = std::uint16_t __attribute__((vector_size(4 * kLanes)));
using SignedWords = std::int16_t __attribute__((vector_size(4 * kLanes)));
using Bytes16 = std::uint8_t __attribute__((vector_size(4 * kLanes)));

inline I32 operator&(I32 a, I32 b) { return {a.v & b.v}; }
inline I32 operator|(I32 a, I32 b) { return {a.v | b.v}; }
inline I32 operator^(I32 a, I32 b) { return {a.v ^ b.v}; }
template <int bits>
inline I32 shift_words_left(I32 a) {
  return {reinterpret_cast<Ints>(reinterpret_cast<Words>(a.v) << bits)};
}
template <int bits>
inline I32 shift_words_right(I32 a) {
  return {reinterpret_cast<Ints>(reinterpret_cast<Words>(a.v) >> bits)};
}
template <int bits>
inline I32 shift_signed_words_right(I32 a) {
  return {reinterpret_cast<Ints>(reinterpret_cast<SignedWords>(a.v) >> bits)};
}
inline I32 dot_words(I32 a, I32 b) {
  return {(a.v << 16 >> 16) * (b.v << 16 >> 16) + (a.v >> 16) * (b.v >> 16)};
}
inline I32 low_nibbles(I32 a) { return {a.v & 0x0f0f0f0f}; }
inline I32 high_nibbles(I32 a) { return {a.v >> 4 & 0x0f0f0f0f}; }
inline I32 look_up_bytes(I32 table, I32 i) {
  std::uint8_t from[4 * kLanes], places[4 * kLanes];
  __builtin_memcpy(from, &table, sizeof from);
  __builtin_memcpy(places, &i, sizeof places);
  for (std::uint8_t& place : places) place = from[place];
  __builtin_memcpy(&i, places, sizeof places);
  return i;
}
inline I32 interleave_low_bytes(I32 a, I32 b) {
  const auto mixed = __builtin_shufflevector(reinterpret_cast<Bytes16>(a.v), reinterpret_cast<Bytes16>(b.v),
                                             0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  return {reinterpret_cast<Ints>(mixed)};
}
inline I32 interleave_high_bytes(I32 a, I32 b) {
  const auto mixed = __builtin_shufflevector(reinterpret_cast<Bytes16>(a.v), reinterpret_cast<Bytes16>(b.v),
                                             8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return {reinterpret_cast<Ints>(mixed)};
}
inline I32 load_16_bytes(const std::int8_t* p) {
  I32 a;
  __builtin_memcpy(&a.v, p, sizeof a.v);
  return a;
}

}  // namespace msrnn::cpu::MSRNN_ISA
