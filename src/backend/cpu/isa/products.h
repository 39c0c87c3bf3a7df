// Matrix products: 16 rows of weights with a tile of tokens.
//
// A weight type says how its stored numbers enter one. It has
//   Input     some tokens of one block of a tile, in the format of activations the type takes:
//             Input(block of the tile, tokens of the tile, first of the tokens)
//   kType
//   add_block<n>(packed, i, input, sums)   sums[t] += block i of those packed together · token t, for n
//   tokens
#pragma once

#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/tile_inputs.h"

namespace msrnn::cpu::MSRNN_ISA {

// Tokens whose sums stay in registers: 16 of the 32 registers of AVX-512, half of those of others.
inline constexpr int kTokensAtOnce = kLanes == 16 ? 16 : kLanes == 8 ? 4 : 2;

// A product of few tokens waits for memory, and the processor alone does not look far enough ahead: 4 KiB
// measured best.
template <int bytes>
[[gnu::always_inline]] inline void prefetch(const std::byte* block) {
  constexpr int kAhead = 4096, kLine = 64;
  for (int i = 0; i < bytes; i += kLine) __builtin_prefetch(block + kAhead + i);
}

template <class Weights, int tile_tokens>
void product_of_tile(const std::byte* group, std::int64_t n_blocks, const std::byte* tile, float* out) {
  using Input = typename Weights::Input;
  constexpr int kTogether = n_together(Weights::kType);
  constexpr int kTokens = tile_tokens < kTokensAtOnce ? tile_tokens : kTokensAtOnce;
  for (int first = 0; first < tile_tokens; first += kTokens) {
    Rows sums[kTokens];
    unrolled<kTokens>([&](auto t) { sums[t.value] = zero_rows(); });
    const std::byte *block = group, *inputs = tile;
    for (std::int64_t b = 0; b < n_blocks; b += kTogether) {
      prefetch<packed_bytes(Weights::kType)>(block);
      for (int i = 0; i < kTogether; ++i) {
        Weights::add_block(block, i, Input(inputs, tile_tokens, first), sums);
        inputs += tile_tokens * input_bytes(Input::kFormat);
      }
      block += packed_bytes(Weights::kType);
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

template <class... Weights>
void add_products(MatmulKernels& kernels) {
  ((kernels.product[static_cast<int>(Weights::kType)] = product<Weights>), ...);
}

}  // namespace msrnn::cpu::MSRNN_ISA
