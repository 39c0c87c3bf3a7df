// Matrix products: 16 rows of weights with a tile of tokens.
#include "backend/cpu/isa/elementwise.h"
#include "backend/cpu/isa/weights.h"
#include "backend/cpu/kernels.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// Tokens whose sums stay in registers: 16 of the 32 registers of AVX-512, half of those of others.
constexpr int kTokensAtOnce = kLanes == 16 ? 16 : kLanes == 8 ? 4 : 2;

template <class Weights, int tile_tokens>
void product_of_tile(const std::byte* group, std::int64_t n_blocks, const std::byte* tile, float* out) {
  using Input = typename Weights::Input;
  constexpr int kTokens = tile_tokens < kTokensAtOnce ? tile_tokens : kTokensAtOnce;
  for (int first = 0; first < tile_tokens; first += kTokens) {
    Rows sums[kTokens];
    unrolled<kTokens>([&](auto t) { sums[t.value] = zero_rows(); });
    const std::byte* block = tile;
    for (std::int64_t b = 0; b < n_blocks; ++b, block += tile_tokens * input_bytes(Input::kFormat)) {
      Weights::add_block(group, n_blocks, b, Input(block, tile_tokens, first), sums);
    }
    unrolled<kTokens>([&](auto t) { store_rows(out + (first + t.value) * kGroupRows, sums[t.value]); });
  }
}

template <class Weights>
void product(const std::byte* group, std::int64_t n_blocks, const std::byte* tile, int n_tokens, float* out) {
  switch (n_tokens) {
    case 1:
      return product_of_tile<Weights, 1>(group, n_blocks, tile, out);
    case 2:
      return product_of_tile<Weights, 2>(group, n_blocks, tile, out);
    case 4:
      return product_of_tile<Weights, 4>(group, n_blocks, tile, out);
    case 8:
      return product_of_tile<Weights, 8>(group, n_blocks, tile, out);
    default:
      return product_of_tile<Weights, kTileTokens>(group, n_blocks, tile, out);
  }
}

}  // namespace

MatmulKernels matmul_kernels() {
  MatmulKernels kernels = elementwise_kernels();
  const auto set = [&](DType type, MatmulKernels::Product p) { kernels.product[static_cast<int>(type)] = p; };
  set(DType::f32, product<Plain<float, DType::f32>>);
  set(DType::f16, product<Plain<Half, DType::f16>>);
  set(DType::bf16, product<BFloat16Weights>);
  set(DType::q8_0, product<Quantised<Q8_0Block>>);
  set(DType::q4_0, product<Quantised<Q4_0Block>>);
  set(DType::q4_1, product<Quantised<Q4_1Block>>);
  kernels.bf16_input = BFloat16Weights::Input::kFormat;
  return kernels;
}

}  // namespace msrnn::cpu::MSRNN_ISA
