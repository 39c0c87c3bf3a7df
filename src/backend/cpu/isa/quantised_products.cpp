// Products with quantised weights: integers, then their scales.
#include "backend/cpu/isa/dot.h"
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

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

// 4-bit codes, all 1, with numbers that add up to 0, so that no sum grows.
void run_integer_peak(std::int64_t rounds) {
  std::byte planes[number_bytes(DType::q4_0)];
  __builtin_memset(planes, 0x11, sizeof planes);
  std::int8_t numbers[kBlockCols];
  for (int c = 0; c < kBlockCols; ++c) numbers[c] = static_cast<std::int8_t>(c % 2 == 0 ? 1 : -1);
  const Codes<4> block = unpack_codes<4>(planes);
  run_chains(rounds, broadcast_rows(0), [&](const IntRows& sum) {
#if !defined(__AVX512VNNI__)
    // VNNI multiplies into the sum. Others add a product that would be computed only once, were the numbers
    // known.
    asm volatile("" ::"r"(numbers) : "memory");
#endif
    return dot<0, 8>(block, numbers, sum);
  });
}

}  // namespace

void add_quantised_products(MatmulKernels& kernels) {
  kernels.peak[static_cast<int>(InputFormat::int8_pair)] = {run_integer_peak,
                                                            kChains * kGroupRows * kBlockCols};
  add_products<Quantised<DType::q8_0>, Quantised<DType::q4_0>, Quantised<DType::q4_1>, Quantised<DType::q5_0>,
               Quantised<DType::q5_1>, Quantised<DType::q2_k>, Quantised<DType::q3_k>, Quantised<DType::q4_k>,
               Quantised<DType::q5_k>, Quantised<DType::q6_k>, Quantised<DType::iq4_nl>,
               Quantised<DType::iq4_xs>>(kernels);
}

}  // namespace msrnn::cpu::MSRNN_ISA
