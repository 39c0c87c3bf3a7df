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

  static constexpr int kTokens = kTokensInRegisters;
  template <int>
  static constexpr int kGroups = kGroupsAtOnce;

  template <int n, int groups>
  static void add_block(const std::byte* const (&blocks)[groups], int, const Input& x,
                        Rows (&sums)[n][groups]) {
    for (int c = 0; c < kBlockCols; c += 2) {
      __m512bh w[groups];
      for (int g = 0; g < groups; ++g) {
        w[g] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(blocks[g] + c * kGroupRows * 2));
      }
      unrolled<n>([&](auto t) {
        for (const BFloat16* numbers : {x.rounded(t.value), x.remainder(t.value)}) {
          std::int32_t pair;
          __builtin_memcpy(&pair, numbers + c, sizeof pair);
          const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
          for (int g = 0; g < groups; ++g) {
            __m512& sum = sums[t.value][g].part[0].v;
            sum = _mm512_dpbf16_ps(sum, w[g], both);
          }
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

  static constexpr int kTokens = kTokensInRegisters;
  template <int>
  static constexpr int kGroups = kGroupsAtOnce;

  template <int n, int groups>
  static void add_block(const std::byte* const (&blocks)[groups], int, const Input& x,
                        Rows (&sums)[n][groups]) {
    for (int c = 0; c < kBlockCols; c += 2) {
      Rows first[groups], second[groups];
      for (int g = 0; g < groups; ++g) {
        const auto* pairs = reinterpret_cast<const std::int32_t*>(blocks[g]) + c / 2 * kGroupRows;
        first[g] = each_part([&](int i) { return first_bfloat16(load(pairs + i * kLanes)); });
        second[g] = each_part([&](int i) { return second_bfloat16(load(pairs + i * kLanes)); });
      }
      unrolled<n>([&](auto t) {
        const float* numbers = x.numbers(t.value) + c;
        for (int g = 0; g < groups; ++g) {
          Rows& sum = sums[t.value][g];
          sum = fma(first[g], broadcast(numbers[0]), sum);
          sum = fma(second[g], broadcast(numbers[1]), sum);
        }
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
