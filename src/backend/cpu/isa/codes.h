// A block of quantised weights, unpacked: 8 quads of columns, each [16 rows][4] bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/isa/rows.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kQuads = kBlockCols / 4;

template <int bits>
struct Codes {
  IntRows quad[kQuads];
};

// Numbers −128 … 127.
struct SignedBytes {
  IntRows quad[kQuads];
};

// Sets the bits of codes from `low` on to those of a plane of `width` bits (layout.h).
template <int width, int low, int bits>
MSRNN_INLINED inline void add_plane(const std::byte* plane, Codes<bits>& block) {
  const I32 mask = broadcast(((1 << width) - 1) * (0x01010101 << low));
  unrolled_constants<kQuads>([&](auto j) MSRNN_INLINED {
    constexpr int kVector = j.value % width, kShift = j.value / width * width - low;
    const IntRows fields = load_row_bits(plane + kGroupRows * 4 * kVector);
    IntRows& quad = block.quad[j.value];
    quad = each_int_part([&](int p) MSRNN_INLINED {
      I32 field = fields.part[p];
      if constexpr (kShift > 0) field = shift_words_right<kShift>(field);
      if constexpr (kShift < 0) field = shift_words_left<-kShift>(field);
      return low == 0 ? field & mask : quad.part[p] | (field & mask);
    });
  });
}

// A block of codes from its planes.
template <int bits>
MSRNN_INLINED inline Codes<bits> unpack_codes(const std::byte* planes) {
  constexpr int kLow = low_plane(bits);
  Codes<bits> block;
  add_plane<kLow, 0>(planes, block);
  if constexpr (bits > kLow) add_plane<bits - kLow, kLow>(planes + kLow * kGroupRows * 4, block);
  return block;
}

// What a plane of 4-bit codes stands for, the bits of `turned` inverted.
MSRNN_INLINED inline SignedBytes look_up_levels(const std::byte* plane, I32 turned) {
  const I32 table = load_16_bytes(kLevels) ^ turned;
  const Codes<4> codes = unpack_codes<4>(plane);
  SignedBytes block;
  unrolled<kQuads>([&](int j) MSRNN_INLINED {
    block.quad[j] = each_int_part([&](int p) { return look_up_bytes(table, codes.quad[j].part[p]); });
  });
  return block;
}

// 8 bits a number.
MSRNN_INLINED inline SignedBytes load_numbers(const std::byte* numbers, I32 turned) {
  SignedBytes block;
  unrolled<kQuads>([&](int j) MSRNN_INLINED {
    const IntRows quad = load_row_bits(numbers + kGroupRows * 4 * j);
    block.quad[j] = each_int_part([&](int p) { return quad.part[p] ^ turned; });
  });
  return block;
}

}  // namespace msrnn::cpu::MSRNN_ISA
