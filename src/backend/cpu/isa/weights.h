// How each stored number type enters a matrix product. A weight type has
//   Input     some tokens of one block of a tile, in the format of activations the type takes:
//             Input(block of the tile, tokens of the tile, first of the tokens)
//   kType
//   add_block<n>(packed, i, input, sums)   sums[t] += block i of those packed together · token t, for n
//   tokens
#pragma once

#include "backend/cpu/isa/dot.h"
#include "backend/cpu/isa/tile_inputs.h"

namespace msrnn::cpu::MSRNN_ISA {

// sum + integers · weight scale · activation scale
inline Rows add_scaled(const IntRows& integers, const Rows& scale, F32 input_scale, const Rows& sum) {
  return each_part(
      [&](int i) { return fma(to_float(integers.part[i]), scale.part[i] * input_scale, sum.part[i]); });
}

template <DType type>
inline auto unpack(const std::byte* numbers) {
  constexpr Quantisation q = quantisation(type);
  if constexpr (q.levels) {
    return unpack_levels(numbers);
  } else if constexpr (q.bits == 8) {
    return unpack_bytes(numbers);
  } else {
    return unpack_codes<q.bits>(numbers);
  }
}

// Scales and minima of one block, each for the whole (parts = 1) or for its halves.
template <int parts>
struct Scales {
  Rows scale[parts], minimum[parts];
};

// Of block i of those packed together.
template <DType type, int parts>
inline Scales<parts> load_scales(const std::byte* packed, int i) {
  constexpr int kFineBytes = fine_scale_bytes(type);
  constexpr bool kMinima = quantisation(type).minima;
  const std::byte* fine = packed + n_together(type) * number_bytes(type);
  const auto* whole = reinterpret_cast<const Half*>(fine + (kMinima ? 2 : 1) * kFineBytes);
  const Rows scale = load_rows(whole), minimum = kMinima ? load_rows(whole + kGroupRows) : zero_rows();
  if constexpr (kFineBytes == 0) return {{scale}, {minimum}};
  Scales<parts> scales;
  const auto* integers = reinterpret_cast<const std::int8_t*>(fine) + i * parts * kGroupRows;
  unrolled<parts>([&](auto p) {
    const std::int8_t* of_part = integers + p.value * kGroupRows;
    scales.scale[p.value] = scale * load_int8_rows(of_part);
    if constexpr (kMinima) scales.minimum[p.value] = minimum * load_int8_rows(of_part + kFineBytes);
  });
  return scales;
}

// One block of quantised weights, unpacked once for all tokens.
template <DType type>
class QuantisedRows {
 public:
  QuantisedRows(const std::byte* packed, int i)
      : numbers_(unpack<type>(packed + i * number_bytes(type))),
        scales_(load_scales<type, kScales>(packed, i)) {}

  Rows add(const Int8Plane& x, int t, Rows sum) const {
    unrolled<kScales>([&](auto p) {
      if constexpr (kType.minima) {
        sum = fma(scales_.minimum[p.value], x.scaled_sum<kScales>(p.value, t), sum);
      }
    });
    unrolled<kScales>([&](auto p) {
      constexpr int kQuads = 8 / kScales;
      const IntRows start = x.minus_sums<kScales, kZero>(p.value, t);
      const IntRows integers = dot<p.value * kQuads, kQuads>(numbers_, x.numbers(t), start);
      sum = add_scaled(integers, scales_.scale[p.value], x.scale(t), sum);
    });
    return sum;
  }

 private:
  static constexpr Quantisation kType = quantisation(type);
  static constexpr int kScales = kBlockCols / kType.scale_count;
  static constexpr int kZero = kType.levels || kType.bits == 8 ? kBytesZero : kType.zero;

  decltype(unpack<type>(nullptr)) numbers_;
  Scales<kScales> scales_;
};

template <DType type>
struct Quantised {
  using Input = Int8PairInput;
  static constexpr DType kType = type;

  template <int n>
  static void add_block(const std::byte* packed, int i, const Input& x, Rows (&sums)[n]) {
    const QuantisedRows<type> block(packed, i);
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
  static void add_block(const std::byte* block, int, const Input& x, Rows (&sums)[n]) {
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
  using Input = BFloat16PairInput;
  static constexpr DType kType = DType::bf16;

  template <int n>
  static void add_block(const std::byte* block, int, const Input& x, Rows (&sums)[n]) {
    for (int c = 0; c < kBlockCols; c += 2) {
      const auto w = reinterpret_cast<__m512bh>(_mm512_loadu_si512(block + c * kGroupRows * 2));
      unrolled<n>([&](auto t) {
        __m512& sum = sums[t.value].part[0].v;
        for (int plane = 0; plane < 2; ++plane) {
          const BFloat16* numbers = plane == 0 ? x.rounded(t.value) : x.remainder(t.value);
          std::int32_t pair;
          __builtin_memcpy(&pair, numbers + c, sizeof pair);
          sum = _mm512_dpbf16_ps(sum, w, reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)));
        }
      });
    }
  }
};
#else
struct BFloat16Weights {
  using Input = FloatInput;
  static constexpr DType kType = DType::bf16;

  template <int n>
  static void add_block(const std::byte* block, int, const Input& x, Rows (&sums)[n]) {
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
