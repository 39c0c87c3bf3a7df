// dot.h in plain code.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

// [quad][row][4]
struct Nibbles {
  std::uint8_t number[8][kGroupRows][4];
};
struct Bytes {
  std::int8_t number[8][kGroupRows][4];
};
inline constexpr int kBytesZero = 0;

inline Nibbles unpack_nibbles(const std::byte* p) {
  constexpr int kHalf = 4 * kGroupRows * 4;
  Nibbles block;
  std::uint8_t* numbers = &block.number[0][0][0];
  for (int i = 0; i < kHalf; ++i) {
    const auto both = static_cast<unsigned>(p[i]);
    numbers[i] = static_cast<std::uint8_t>(both & 15u);
    numbers[i + kHalf] = static_cast<std::uint8_t>(both >> 4);
  }
  return block;
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  __builtin_memcpy(&block, p, sizeof block);
  return block;
}

template <class Block>
inline IntRows dot(const Block& block, const std::int8_t* x, IntRows start) {
  std::int32_t sums[kGroupRows];
  for (int i = 0; i < kParts; ++i) store(sums + i * kLanes, start.part[i]);
  for (int j = 0; j < 8; ++j) {
    for (int r = 0; r < kGroupRows; ++r) {
      const auto* w = block.number[j][r];
      sums[r] += w[0] * x[4 * j] + w[1] * x[4 * j + 1] + w[2] * x[4 * j + 2] + w[3] * x[4 * j + 3];
    }
  }
  for (int i = 0; i < kParts; ++i) start.part[i] = load(sums + i * kLanes);
  return start;
}

}  // namespace msrnn::cpu::MSRNN_ISA
