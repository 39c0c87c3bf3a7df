// Activations of some tokens of one block of a tile (layout.h), as products read them.
#pragma once

#include <cstddef>

#include "backend/cpu/input_layout.h"
#include "backend/cpu/isa/rows.h"

namespace msrnn::cpu::MSRNN_ISA {

// What tokens whose numbers are integers have in common.
template <class Token>
class IntegerInput {
 public:
  IntegerInput(const std::byte* block, int first) : tokens_(reinterpret_cast<const Token*>(block) + first) {}

  F32 scale(int t) const { return broadcast(tokens_[t].scale); }
  // Of all 32 numbers (parts = 1), or of half p (2).
  template <int parts>
  F32 scaled_sum(int p, int t) const {
    const Token& x = tokens_[t];
    return broadcast(parts == 1 ? x.scaled_sum : x.scale * static_cast<float>(x.half_sums[p]));
  }
  // The sum of the numbers' integers, each times −zero.
  template <int parts, int zero>
  IntRows minus_sums(int p, int t) const {
    const Token& x = tokens_[t];
    if constexpr (zero == 0) {
      return broadcast_rows(0);
    } else if constexpr (parts == 2) {
      return broadcast_rows(-zero * x.half_sums[p]);
    } else if constexpr (zero == 128) {
      return broadcast_rows(x.minus_128_sum);
    } else {
      static_assert(zero % 8 == 0);
      return broadcast_rows(zero / 8 * x.minus_8_sum);
    }
  }

 protected:
  const Token* tokens_;
};

// The second plane counts parts of the first one's 1: 2^−plane_bits.
template <int planes, int plane_bits = 8>
class Int8Input : public IntegerInput<Int8Token<planes>> {
 public:
  static constexpr InputFormat kFormat = planes == 1       ? InputFormat::int8
                                         : plane_bits == 8 ? InputFormat::int8_pair
                                                           : InputFormat::int12;
  static constexpr int kPlanes = planes, kPlaneBits = plane_bits;

  Int8Input(const std::byte* block, int, int first) : IntegerInput<Int8Token<planes>>(block, first) {}

  const std::int8_t* numbers(int plane, int t) const { return this->tokens_[t].plane[plane]; }
  int n_planes(int t) const { return this->tokens_[t].n_planes; }
};

using Int12Input = Int8Input<2, 4>;

class Int16Input : public IntegerInput<Int16Token> {
 public:
  static constexpr InputFormat kFormat = InputFormat::int16;

  Int16Input(const std::byte* block, int, int first) : IntegerInput(block, first) {}

  // Two of the numbers in every lane.
  I32 pair(int t, int i) const { return broadcast_bits(tokens_[t].numbers + 2 * i); }
};

class FloatInput {
 public:
  static constexpr InputFormat kFormat = InputFormat::f32;

  FloatInput(const std::byte* block, int, int first)
      : numbers_(reinterpret_cast<const float*>(block) + first * kBlockCols) {}

  const float* numbers(int t) const { return numbers_ + t * kBlockCols; }

 private:
  const float* numbers_;
};

template <int planes>
class BFloat16Input {
 public:
  static constexpr InputFormat kFormat = planes == 1 ? InputFormat::bf16 : InputFormat::bf16_pair;
  static constexpr int kPlanes = planes;

  BFloat16Input(const std::byte* block, int tile_tokens, int first)
      : numbers_(reinterpret_cast<const BFloat16*>(block) + first * kBlockCols),
        plane_numbers_(tile_tokens * kBlockCols) {}

  const BFloat16* numbers(int plane, int t) const {
    return numbers_ + plane * plane_numbers_ + t * kBlockCols;
  }

 private:
  const BFloat16* numbers_;
  int plane_numbers_;
};

}  // namespace msrnn::cpu::MSRNN_ISA
