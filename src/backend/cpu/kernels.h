// The kernels of one instruction set, as a table. isa/*.cpp fills one in for each; dispatch.cpp picks one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "backend/cpu/attention_kernels.h"
#include "backend/cpu/input_layout.h"
#include "tensor/dtype.h"

namespace msrnn::cpu {

// How inputs of products are rounded (docs/numerics.md): with quantised weights to integers of so many bits
// of the largest of 32, with bf16 ones to bf16 where there are instructions for it, with others not at all.
// Without these instructions bf16 weights become integers of 12 bits in mixed and fast, inputs 15 bits.
enum class Precision : std::uint8_t {
  exact,  // 15 bits, or what two bf16 hold
  mixed,  // 15 bits in the half of a row's blocks that has the largest numbers, 8 in the others; or 12; bf16
  fast,   // 8 bits; bf16
};
inline constexpr std::string_view kPrecisionNames[] = {"exact", "mixed", "fast"};
inline constexpr int kPrecisions = std::size(kPrecisionNames);

// For a given token all of these do the same operations in the same order, whatever else is in the tile.
struct MatmulKernels {
  // out[g][t][r] = Σ_c weight[16 · g + r][c] · tile[t][c] for 16 rows of each group and the tile's tokens.
  // The tile is in the format input_format() gives; out: [weights.n_groups][n_tokens][16].
  using Product = void (*)(const WeightGroups& weights, const std::byte* tile, int n_tokens, float* out);
  // Writes n numbers as token `token` of a tile of n_tokens, from the block `tile` points to on.
  using Encode = void (*)(const float* x, std::int64_t n, std::byte* tile, int n_tokens, int token);
  // Of a token's n_blocks blocks of int8_pair, only those with the largest numbers keep their second plane:
  // half of each 128, and more where these cannot be told from others.
  using Thin = void (*)(std::byte* tile, int n_tokens, int token, std::int64_t n_blocks);

  // What the products with inputs of one format do at best: their instruction, on registers and cached
  // numbers.
  struct Peak {
    void (*run)(std::int64_t rounds) = nullptr;
    std::int64_t multiply_adds = 0;  // of a round
  };

  // Where `expand` is set, whole tiles of tokens are multiplied with expanded groups (layout.h): the same
  // bits, sooner.
  struct Products {
    Product product;
    void (*expand)(const WeightGroups& weights, std::byte* expanded) = nullptr;
    Product expanded = nullptr;
    int expanded_block_bytes = 0;  // 16 rows of 32 columns
  };

  Products products[kDTypes];          // by DType
  InputFormat input_formats[kDTypes];  // what they take
  Products compact_bf16;               // bf16 weights in compact form
  BFloat16Layout bf16_layout;          // how these are kept for products[bf16]
  Encode encode[kInputFormats];        // by InputFormat
  Thin thin = nullptr;       // for mixed precision, once a token's blocks are all encoded; if that pays
  Peak peak[kInputFormats];  // by InputFormat; none where no product takes it
  // out = x / sqrt(mean(x²) + epsilon) · gain; all [n]
  void (*normalise)(const float* x, const float* gain, float epsilon, std::int64_t n, float* out);
  // out = activation(gate) · up; all [n]
  using Activate = void (*)(const float* gate, const float* up, std::int64_t n, float* out);
  Activate silu_times, gelu_times;
  // Turns the pairs of one head, x[2i] with x[2i + 1] or x[i] with x[i + n_pairs], by the angles whose
  // cosines and sines are given.
  using Rotate = void (*)(float* x, const float* cosines, const float* sines, std::int64_t n_pairs);
  Rotate rotate_interleaved, rotate_halves;

  InputFormat input_format(DType weight) const { return input_formats[static_cast<int>(weight)]; }
};

struct Kernels {
  std::string_view isa;
  Precision precision;
  MatmulKernels matmul;
  AttentionKernels attention;
};

// The best this processor has, or what the environment variable MSRNN_ISA names. Throws UsageError if that is
// unknown or unsupported here.
const Kernels& kernels(Precision precision = Precision::mixed);

// All that run on this processor, from the plainest to the best.
std::vector<const Kernels*> supported_kernels(Precision precision = Precision::mixed);

}  // namespace msrnn::cpu
