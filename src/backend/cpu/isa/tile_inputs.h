// Activations of some tokens of one block of a tile (layout.h), as products read them.
#pragma once

#include <cstddef>

#include "backend/cpu/isa/rows.h"

namespace msrnn::cpu::MSRNN_ISA {

class Int8Plane {
 public:
  Int8Plane(const std::byte* block, int tile_tokens, int first)
      : numbers_(block + first * kBlockCols),
        fields_(block + tile_tokens * kBlockCols + first * 4),
        tile_tokens_(tile_tokens) {}

  const std::int8_t* numbers(int t) const {
    return reinterpret_cast<const std::int8_t*>(numbers_) + t * kBlockCols;
  }
  F32 scale(int t) const { return broadcast(field<float>(0)[t]); }
  // Of all 32 numbers (parts = 1), or of half p (2).
  template <int parts>
  F32 scaled_sum(int p, int t) const {
    return broadcast(parts == 1 ? field<float>(1)[t]
                                : field<float>(0)[t] * static_cast<float>(half_sum(p, t)));
  }
  // The sum of the numbers, each times −zero.
  template <int parts, int zero>
  IntRows minus_sums(int p, int t) const {
    if constexpr (zero == 0) {
      return broadcast_rows(0);
    } else if constexpr (parts == 2) {
      return broadcast_rows(-zero * half_sum(p, t));
    } else if constexpr (zero == 128) {
      return broadcast_rows(field<std::int32_t>(3)[t]);
    } else {
      static_assert(zero % 8 == 0);
      return broadcast_rows(zero / 8 * field<std::int32_t>(2)[t]);
    }
  }

 private:
  template <class T>
  const T* field(int i) const {
    return reinterpret_cast<const T*>(fields_ + 4 * i * tile_tokens_);
  }
  std::int32_t half_sum(int p, int t) const { return field<std::int32_t>(4 + p)[t]; }

  const std::byte *numbers_, *fields_;
  int tile_tokens_;
};

class Int8PairInput {
 public:
  static constexpr InputFormat kFormat = InputFormat::int8_pair;

  Int8PairInput(const std::byte* block, int tile_tokens, int first)
      : rounded_(block, tile_tokens, first),
        remainder_(block + tile_tokens * kPlaneBytes, tile_tokens, first) {}

  const Int8Plane& rounded() const { return rounded_; }
  const Int8Plane& remainder() const { return remainder_; }

 private:
  Int8Plane rounded_, remainder_;
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

class BFloat16PairInput {
 public:
  static constexpr InputFormat kFormat = InputFormat::bf16_pair;

  BFloat16PairInput(const std::byte* block, int tile_tokens, int first)
      : rounded_(reinterpret_cast<const BFloat16*>(block) + first * kBlockCols),
        remainder_(rounded_ + tile_tokens * kBlockCols) {}

  const BFloat16* rounded(int t) const { return rounded_ + t * kBlockCols; }
  const BFloat16* remainder(int t) const { return remainder_ + t * kBlockCols; }

 private:
  const BFloat16 *rounded_, *remainder_;
};

}  // namespace msrnn::cpu::MSRNN_ISA
