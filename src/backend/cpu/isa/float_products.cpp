// Products with f32 and f16 weights.
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

template <class Number, DType type>
struct Plain : Stored<type> {
  using Input = FloatInput;
  static constexpr int kTokens = kTokensInRegisters;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int>
  static constexpr int kGroups = kGroupsAtOnce;

  template <int n, int groups>
  static void add_block(const std::byte* const (&blocks)[groups], int, const Input& x,
                        RowSums<n, groups>& sums) {
    for (int c = 0; c < kBlockCols; ++c) {
      Rows w[groups];
      for (int g = 0; g < groups; ++g) {
        w[g] = load_rows(reinterpret_cast<const Number*>(blocks[g]) + c * kGroupRows);
      }
      unrolled<n>([&](int t) {
        const F32 number = broadcast(x.numbers(t)[c]);
        for (int g = 0; g < groups; ++g) sums[t][g] = fma(w[g], number, sums[t][g]);
      });
    }
  }
};

// Tends to 2.
void run_float_peak(std::int64_t rounds) {
  const F32 half = broadcast(0.5f), one = broadcast(1.0f);
  run_chains(rounds, one, [=](F32 sum) { return fma(sum, half, one); });
}

}  // namespace

void add_float_products(MatmulKernels& kernels) {
  kernels.peak[static_cast<int>(InputFormat::f32)] = {run_float_peak, kChains * kLanes};
  add_products<Plain<float, DType::f32>>(kernels);
  add_products<Plain<Half, DType::f16>>(kernels);
}

}  // namespace msrnn::cpu::MSRNN_ISA
