// Products with bf16 weights.
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

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

// Numbers 0, so that no sum grows.
void run_bf16_peak(std::int64_t rounds) {
  const auto zeros = reinterpret_cast<__m512bh>(_mm512_setzero_si512());
  run_chains(rounds, _mm512_setzero_ps(), [&](__m512 sum) { return _mm512_dpbf16_ps(sum, zeros, zeros); });
}

void add_bf16_peak(MatmulKernels& kernels) {
  kernels.peak[static_cast<int>(InputFormat::bf16_pair)] = {run_bf16_peak, kChains * kLanes * 2};
}
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

void add_bf16_peak(MatmulKernels&) {}  // takes f32
#endif

}  // namespace

void add_bf16_products(MatmulKernels& kernels) {
  add_bf16_peak(kernels);
  add_products<BFloat16Weights>(kernels);
  kernels.bf16_input = BFloat16Weights::Input::kFormat;
}

}  // namespace msrnn::cpu::MSRNN_ISA
