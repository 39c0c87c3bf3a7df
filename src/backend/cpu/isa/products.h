// Matrix products: 16 rows of weights of some groups with a tile of tokens.
//
// A weight type says how its stored numbers enter one. It has
//   Input     some tokens of one block of a tile, in the format of activations the type takes:
//             Input(block of the tile, tokens of the tile, first of the tokens)
//   Block, kBlockBytes, kTogether, first_block, address, next   how to go through a group: Stored has them
//   kTokens   tokens it takes at once at most
//   kGroups<n>   groups it takes at once for n tokens, a power of 2
//   Sums<n, groups>   the sums of n tokens with some groups: 0 at first; store(out, tile_tokens) writes them
//   as [groups]
//             [tile_tokens][16]
//   add_block<n>(blocks, i, input, sums)   adds block i of those packed together at blocks[g] · token t, for
//   n tokens
#pragma once

#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/tile_inputs.h"

namespace msrnn::cpu::MSRNN_ISA {

// Groups that share what is loaded of a token; other sets than AVX-512 have no registers for it.
inline constexpr int kGroupsAtOnce = kLanes == 16 ? 2 : 1;

// Tokens whose sums stay in registers, with those of all groups at once: half of the registers.
inline constexpr int kTokensInRegisters = kLanes == 16 ? 8 : kLanes == 8 ? 4 : 2;

// A product of few tokens waits for memory, and the processor alone does not look far enough ahead: 4 KiB
// measured best.
inline constexpr int kAhead = 4096;

template <int bytes>
MSRNN_INLINED inline void prefetch(const std::byte* block) {
  constexpr int kLine = 64;
  for (int i = 0; i < bytes; i += kLine) __builtin_prefetch(block + i);
}

// Going through a group whose blocks are alike and lie one after another.
template <DType type, int block_bytes = packed_bytes(type)>
struct Stored {
  using Block = const std::byte*;
  static constexpr DType kType = type;
  static constexpr int kBlockBytes = block_bytes;
  static constexpr int kTogether = n_together(type);

  static Block first_block(const WeightGroups& weights, int group) {
    return weights.first + group * weights.bytes;
  }
  static const std::byte* address(Block block) { return block; }
  static Block next(Block block) { return block + kBlockBytes; }
};

// Sums in ordinary registers.
template <int n, int groups>
struct RowSums {
  Rows of_token[n][groups];

  RowSums() {
    unrolled<n>([&](int t) {
      for (Rows& sum : of_token[t]) sum = zero_rows();
    });
  }
  Rows (&operator[](int t))[groups] { return of_token[t]; }
  void store(float* out, int tile_tokens) const {
    unrolled<n>([&](int t) {
      for (int g = 0; g < groups; ++g) {
        store_rows(out + (g * tile_tokens + t) * kGroupRows, of_token[t][g]);
      }
    });
  }
};

template <class Weights, int tile_tokens, int groups>
void product_of_tile(const WeightGroups& weights, int first_group, const std::byte* tile, float* out) {
  using Input = typename Weights::Input;
  constexpr int kTogether = Weights::kTogether;
  constexpr int kTokens = tile_tokens < Weights::kTokens ? tile_tokens : Weights::kTokens;
  for (int first = 0; first < tile_tokens; first += kTokens) {
    typename Weights::template Sums<kTokens, groups> sums;
    typename Weights::Block blocks[groups];
    for (int g = 0; g < groups; ++g) blocks[g] = Weights::first_block(weights, first_group + g);
    const std::byte* inputs = tile;
    std::int64_t ahead = kAhead;
    for (std::int64_t b = 0; b < weights.n_blocks; b += kTogether) {
      // Past the end of these groups come the next ones, not the one beside.
      const std::int64_t past = ahead < weights.bytes ? 0 : (groups - 1) * weights.bytes;
      for (const auto& block : blocks) {
        prefetch<Weights::kBlockBytes>(Weights::address(block) + kAhead + past);
      }
      ahead += Weights::kBlockBytes;
      for (int i = 0; i < kTogether; ++i) {
        Weights::add_block(blocks, i, Input(inputs, tile_tokens, first), sums);
        inputs += tile_tokens * input_bytes(Input::kFormat);
      }
      for (auto& block : blocks) block = Weights::next(block);
    }
    sums.store(out + (first_group * tile_tokens + first) * kGroupRows, tile_tokens);
  }
}

// From group g on, `groups` at once while there are as many.
template <class Weights, int tile_tokens, int groups = Weights::template kGroups<tile_tokens>>
void product_of_groups(const WeightGroups& weights, const std::byte* tile, float* out, int g = 0) {
  for (; g + groups <= weights.n_groups; g += groups) {
    product_of_tile<Weights, tile_tokens, groups>(weights, g, tile, out);
  }
  if constexpr (groups > 1) {
    if (g < weights.n_groups) product_of_groups<Weights, tile_tokens, groups / 2>(weights, tile, out, g);
  }
}

template <class Weights>
void tile_product(const WeightGroups& weights, const std::byte* tile, int n_tokens, float* out) {
  switch (n_tokens) {
    case 1:
      return product_of_groups<Weights, 1>(weights, tile, out);
    case 2:
      return product_of_groups<Weights, 2>(weights, tile, out);
    case 4:
      return product_of_groups<Weights, 4>(weights, tile, out);
    case 8:
      return product_of_groups<Weights, 8>(weights, tile, out);
    default:
      return product_of_groups<Weights, kTileTokens>(weights, tile, out);
  }
}

// f(Constant<type>) for all quantised types.
template <class F>
void each_quantised_type(F f) {
  constexpr DType kTypes[] = {DType::q8_0, DType::q4_0, DType::q4_1,   DType::q5_0,
                              DType::q5_1, DType::q2_k, DType::q3_k,   DType::q4_k,
                              DType::q5_k, DType::q6_k, DType::iq4_nl, DType::iq4_xs};
  unrolled_constants<sizeof kTypes / sizeof *kTypes>(
      [&](auto i) { f(Constant<static_cast<int>(kTypes[i.value])>{}); });
}

// Those of them whose numbers are codes of 4 bits.
template <class F>
void each_4_bit_type(F f) {
  each_quantised_type([&](auto type) {
    constexpr Quantisation q = quantisation(static_cast<DType>(type.value));
    if constexpr (q.bits == 4 && !q.levels) f(type);
  });
}

// Products with one type of weights.
template <class Weights>
void add_products(MatmulKernels& kernels) {
  constexpr int kType = static_cast<int>(Weights::kType);
  kernels.products[kType] = {tile_product<Weights>};
  kernels.input_formats[kType] = Weights::Input::kFormat;
}

}  // namespace msrnn::cpu::MSRNN_ISA
