// dot.h in plain code.
#pragma once

#include <cstddef>

namespace msrnn::cpu::MSRNN_ISA {

// [quad][row][4]
template <int bits>
struct Codes {
  std::uint8_t number[8][kGroupRows * 4];
};
struct Bytes {
  std::int8_t number[8][kGroupRows * 4];
};
inline constexpr int kBytesZero = 0;

template <int width, int low, int bits>
inline void add_plane(const std::byte* plane, Codes<bits>& block) {
  constexpr unsigned kMask = (1u << width) - 1;
  for (int j = 0; j < 8; ++j) {
    const std::byte* fields = plane + j % width * kGroupRows * 4;
    const int shift = j / width * width;
    for (int i = 0; i < kGroupRows * 4; ++i) {
      const unsigned field = ((static_cast<unsigned>(fields[i]) >> shift) & kMask) << low;
      const unsigned below = low == 0 ? 0 : block.number[j][i];
      block.number[j][i] = static_cast<std::uint8_t>(below | field);
    }
  }
}

inline Bytes unpack_bytes(const std::byte* p) {
  Bytes block;
  __builtin_memcpy(&block, p, sizeof block);
  return block;
}

inline Bytes unpack_levels(const std::byte* p) {
  const Codes<4> codes = unpack_codes<4>(p);
  Bytes block;
  for (int j = 0; j < 8; ++j) {
    for (int i = 0; i < kGroupRows * 4; ++i) block.number[j][i] = kLevels[codes.number[j][i]];
  }
  return block;
}

template <int first, int n, class Block>
inline void add_dots(const Block (&blocks)[1], const std::int8_t* x, IntRows (&sums)[1]) {
  std::int32_t rows[kGroupRows];
  for (int i = 0; i < kParts; ++i) store(rows + i * kLanes, sums[0].part[i]);
  for (int j = first; j < first + n; ++j) {
    for (int r = 0; r < kGroupRows; ++r) {
      const auto* w = blocks[0].number[j] + 4 * r;
      rows[r] += w[0] * x[4 * j] + w[1] * x[4 * j + 1] + w[2] * x[4 * j + 2] + w[3] * x[4 * j + 3];
    }
  }
  for (int i = 0; i < kParts; ++i) sums[0].part[i] = load(rows + i * kLanes);
}

inline Rows load_int8_rows(const std::int8_t* p) {
  float numbers[kGroupRows];
  for (int r = 0; r < kGroupRows; ++r) numbers[r] = p[r];
  return load_rows(numbers);
}

}  // namespace msrnn::cpu::MSRNN_ISA
