// How each stored number type enters a matrix product. A weight type has
//   Input     some tokens of one block of a tile, in the format of activations the type takes:
//             Input(block of the tile, tokens of the tile, first of the tokens)
//   kType
//   add_block<n>(block, input, sums)   sums[t] += block · token t, for n tokens
#pragma once

#include "backend/cpu/isa/dot.h"

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
  F32 scaled_sum(int t) const { return broadcast(field<float>(1)[t]); }
  IntRows minus_8_sums(int t) const { return broadcast_rows(field<std::int32_t>(2)[t]); }
  IntRows minus_128_sums(int t) const { return broadcast_rows(field<std::int32_t>(3)[t]); }

 private:
  template <class T>
  const T* field(int i) const {
    return reinterpret_cast<const T*>(fields_ + 4 * i * tile_tokens_);
  }

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

template <class Number, InputFormat format>
class PlainInput {
 public:
  static constexpr InputFormat kFormat = format;

  PlainInput(const std::byte* block, int, int first)
      : numbers_(reinterpret_cast<const Number*>(block) + first * kBlockCols) {}

  const Number* numbers(int t) const { return numbers_ + t * kBlockCols; }

 private:
  const Number* numbers_;
};
using FloatInput = PlainInput<float, InputFormat::f32>;
using BFloat16Input = PlainInput<BFloat16, InputFormat::bf16>;

// sum + integers · weight scale · activation scale
inline Rows add_scaled(const IntRows& integers, const Rows& scale, F32 input_scale, const Rows& sum) {
  return each_part(
      [&](int i) { return fma(to_float(integers.part[i]), scale.part[i] * input_scale, sum.part[i]); });
}

// One block of quantised weights, unpacked once for all tokens.
struct Q8_0Block {
  static constexpr DType kType = DType::q8_0;
  Bytes bytes;
  Rows scale;

  Q8_0Block(const std::byte* numbers, const Half* scales)
      : bytes(unpack_bytes(numbers)), scale(load_rows(scales)) {}

  Rows add(const Int8Plane& x, int t, const Rows& sum) const {
    const IntRows start = kBytesZero == 128 ? x.minus_128_sums(t) : broadcast_rows(0);
    return add_scaled(dot(bytes, x.numbers(t), start), scale, x.scale(t), sum);
  }
};

struct Q4_0Block {
  static constexpr DType kType = DType::q4_0;
  Nibbles nibbles;
  Rows scale;

  Q4_0Block(const std::byte* numbers, const Half* scales)
      : nibbles(unpack_nibbles(numbers)), scale(load_rows(scales)) {}

  Rows add(const Int8Plane& x, int t, const Rows& sum) const {
    return add_scaled(dot(nibbles, x.numbers(t), x.minus_8_sums(t)), scale, x.scale(t), sum);
  }
};

struct Q4_1Block {
  static constexpr DType kType = DType::q4_1;
  Nibbles nibbles;
  Rows scale, minimum;

  Q4_1Block(const std::byte* numbers, const Half* scales)
      : nibbles(unpack_nibbles(numbers)), scale(load_rows(scales)), minimum(load_rows(scales + kGroupRows)) {}

  Rows add(const Int8Plane& x, int t, const Rows& sum) const {
    const Rows with_minimum = fma(minimum, x.scaled_sum(t), sum);
    return add_scaled(dot(nibbles, x.numbers(t), broadcast_rows(0)), scale, x.scale(t), with_minimum);
  }
};

template <class Block>
struct Quantised {
  using Input = Int8PairInput;
  static constexpr DType kType = Block::kType;

  template <int n>
  static void add_block(const std::byte* numbers, const Input& x, Rows (&sums)[n]) {
    const Block block(numbers, reinterpret_cast<const Half*>(numbers + number_bytes(kType)));
    unrolled<n>([&](auto t) {
      const Rows sum = block.add(x.rounded(), t.value, sums[t.value]);
      sums[t.value] = block.add(x.remainder(), t.value, sum);
    });
  }
};

// f32 and f16
template <class Number, DType type>
struct Plain {
  using Input = FloatInput;
  static constexpr DType kType = type;

  template <int n>
  static void add_block(const std::byte* block, const Input& x, Rows (&sums)[n]) {
    const auto* weights = reinterpret_cast<const Number*>(block);
    for (int c = 0; c < kBlockCols; ++c) {
      const Rows w = load_rows(weights + c * kGroupRows);
      unrolled<n>([&](auto t) { sums[t.value] = fma(w, broadcast(x.numbers(t.value)[c]), sums[t.value]); });
    }
  }
};

#if defined(__AVX512BF16__)
// Pairs of products, both numbers in bf16, are summed in float.
struct BFloat16Weights {
  using Input = BFloat16Input;
  static constexpr DType kType = DType::bf16;

  template <int n>
  static void add_block(const std::byte* block, const Input& x, Rows (&sums)[n]) {
    for (int c = 0; c < kBlockCols; c += 2) {
      const auto w = reinterpret_cast<__m512bh>(_mm512_loadu_si512(block + c * kGroupRows * 2));
      unrolled<n>([&](auto t) {
        std::int32_t pair;
        __builtin_memcpy(&pair, x.numbers(t.value) + c, sizeof pair);
        const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
        sums[t.value].part[0].v = _mm512_dpbf16_ps(sums[t.value].part[0].v, w, both);
      });
    }
  }
};
#else
struct BFloat16Weights {
  using Input = FloatInput;
  static constexpr DType kType = DType::bf16;

  template <int n>
  static void add_block(const std::byte* block, const Input& x, Rows (&sums)[n]) {
    const auto* pairs = reinterpret_cast<const std::int32_t*>(block);
    for (int c = 0; c < kBlockCols; c += 2, pairs += kGroupRows) {
      const Rows first = each_part([&](int i) { return first_bfloat16(load(pairs + i * kLanes)); });
      const Rows second = each_part([&](int i) { return second_bfloat16(load(pairs + i * kLanes)); });
      unrolled<n>([&](auto t) {
        const float* numbers = x.numbers(t.value) + c;
        sums[t.value] = fma(first, broadcast(numbers[0]), sums[t.value]);
        sums[t.value] = fma(second, broadcast(numbers[1]), sums[t.value]);
      });
    }
  }
};
#endif

}  // namespace msrnn::cpu::MSRNN_ISA
