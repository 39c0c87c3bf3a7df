// Products of whole tiles of tokens with expanded quantised weights, in the tile registers of AMX.
#include "backend/cpu/isa/amx_tiles.h"
#include "backend/cpu/isa/codes.h"
#include "backend/cpu/isa/products.h"
#include "backend/cpu/isa/scales.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

constexpr int kNumberBytes = kGroupRows * kBlockCols;

// Products of 32 columns fill half of a register: with 12 bits, both planes are multiplied at once.
template <class Input>
constexpr bool kPlanesAtOnce = Input::kFormat == InputFormat::int12;

// The numbers of an expanded block.
template <class Input>
constexpr int kExpandedNumberBytes = kPlanesAtOnce<Input> ? 2 * kNumberBytes : kNumberBytes;

template <class Input>
constexpr int expanded_bytes(int scales, bool minima) {
  const int row_floats = scales * (minima ? 2 : 1);
  return kExpandedNumberBytes<Input> + row_floats * kGroupRows * static_cast<int>(sizeof(float));
}

template <DType type, class Input>
constexpr int kExpandedBytes = expanded_bytes<Input>(n_block_scales(type), quantisation(type).minima);

// The numbers of one block as int8, the zero subtracted.
template <DType type, class Input>
void expand_numbers(const std::byte* numbers, std::byte* expanded) {
  constexpr Quantisation q = quantisation(type);
  static_assert(!kPlanesAtOnce<Input> || q.minima == (q.zero == 0));
  if constexpr (q.bits == 8) {
    __builtin_memcpy(expanded, numbers, kNumberBytes);
  } else {
    const auto block = [&] {
      if constexpr (q.levels) return look_up_levels(numbers, broadcast(0));
      if constexpr (!q.levels) return unpack_codes<q.bits>(numbers);
    }();
    const __m512i zero = _mm512_set1_epi8(q.zero);
    unrolled<kQuads>([&](int j) {
      const I32 quad = {_mm512_sub_epi8(block.quad[j].part[0].v, zero)};
      std::byte* to = expanded + j * kTileRowBytes;
      if constexpr (kPlanesAtOnce<Input>) {
        const I32 times_16 = shift_words_left<4>(quad) & broadcast(static_cast<std::int32_t>(0xf0f0f0f0));
        _mm512_storeu_si512(to, times_16.v);
        to += kNumberBytes;
      }
      _mm512_storeu_si512(to, quad.v);
    });
  }
}

template <DType type, class Input>
void expand(const WeightGroups& weights, std::byte* expanded) {
  constexpr int kTogether = n_together(type), kScales = n_block_scales(type);
  for (int g = 0; g < weights.n_groups; ++g) {
    const std::byte* packed = weights.first + g * weights.bytes;
    for (std::int64_t b = 0; b < weights.n_blocks; b += kTogether, packed += packed_bytes(type)) {
      prefetch<packed_bytes(type)>(packed + kAhead);
      for (int i = 0; i < kTogether; ++i, expanded += kExpandedBytes<type, Input>) {
        expand_numbers<type, Input>(packed + i * number_bytes(type), expanded);
        Scales<kScales> scales;
        load_scales<type>(packed, i, scales);
        auto* to = reinterpret_cast<float*>(expanded + kExpandedNumberBytes<Input>);
        for (const Rows& scale : scales.scale) {
          store_rows(to, scale);
          to += kGroupRows;
        }
        if constexpr (quantisation(type).minima) {
          for (const Rows& minimum : scales.minimum) {
            store_rows(to, minimum);
            to += kGroupRows;
          }
        }
      }
    }
  }
}

// What types have in common once they are expanded. A block has `scales` scales a row, each for a part of its
// columns.
template <class Input, int scales, bool minima>
class WholeTile {
 public:
  static void multiply(const WeightGroups& weights, const std::byte* tile, int, float* out) {
    const TileRegisters registers(kShapes);
    // These blocks of the tokens stay in the nearest cache while all groups are multiplied with them.
    constexpr std::int64_t kBlocksAtOnce = 16;
    for (std::int64_t first = 0; first < weights.n_blocks; first += kBlocksAtOnce) {
      const std::int64_t n = min(kBlocksAtOnce, weights.n_blocks - first);
      const auto* tokens = reinterpret_cast<const Token*>(tile) + first * kTileTokens;
      for (int g = 0; g < weights.n_groups; ++g) {
        const std::byte* blocks = weights.first + g * weights.bytes + first * kBlockBytes;
        float* sums = out + g * kTileTokens * kGroupRows;
        Next next = {weights.next + g * weights.next_bytes, weights.next_bytes / weights.n_blocks};
        next.place += first * next.block_bytes;
        first == 0 ? add_blocks<true>(blocks, tokens, n, next, sums)
                   : add_blocks<false>(blocks, tokens, n, next, sums);
      }
    }
  }

 private:
  using Token = Int8Token<Input::kPlanes>;
  static constexpr bool kAtOnce = kPlanesAtOnce<Input>;
  static_assert(!kAtOnce || scales == 1);
  static constexpr int kProducts = kAtOnce ? 1 : Input::kPlanes;  // of one step
  static constexpr int kPartCols = kBlockCols / scales, kPartBytes = kAtOnce ? 2 * kPartCols : kPartCols;
  static constexpr int kBlockBytes = expanded_bytes<Input>(scales, minima);

  // Registers 0 to 3 take the sums of both planes of one step and of the next, 4 and 5 the tokens, 6 and 7
  // the weights of one step and of the next.
  static constexpr int kTokens = 4, kWeights = 6;
  static constexpr TileShape kSumShape = {kTileTokens, kTileRowBytes},
                             kTokenShape = {kTileTokens, kPartBytes},
                             kWeightShape = {kPartBytes / 4, kTileRowBytes};
  static constexpr TileShape kShapes[kTileRegisters] = {kSumShape,   kSumShape,   kSumShape,    kSumShape,
                                                        kTokenShape, kTokenShape, kWeightShape, kWeightShape};

  static std::int64_t min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

  // Groups that are expanded next, fetched a block at a time.
  struct Next {
    const std::byte* place;
    std::int64_t block_bytes;

    void fetch() {
      constexpr int kLine = 64;
      for (const std::byte* line = place; line < place + block_bytes; line += kLine)
        __builtin_prefetch(line, 0, 2);
      place += block_bytes;
    }
  };

  // out[t][r] += n blocks of weights · tokens, from 0 on if `begin`. A step is a part of a block with a scale
  // of its own; while the integers of one become floats, the next one is multiplied.
  template <bool begin>
  static void add_blocks(const std::byte* blocks, const Token* tokens, std::int64_t n, Next next,
                         float* out) {
    F32 sums[kTileTokens];
    unrolled<kTileTokens>([&](int t)
                              MSRNN_INLINED { sums[t] = begin ? zero() : load(out + t * kGroupRows); });
    const auto multiply = [&](auto parity, std::int64_t step) MSRNN_INLINED {
      multiply_step<parity.value>(blocks + step / scales * kBlockBytes, tokens + step / scales * kTileTokens);
    };
    const auto add = [&](auto parity, std::int64_t step) MSRNN_INLINED {
      add_step<parity.value>(blocks + step / scales * kBlockBytes, tokens + step / scales * kTileTokens,
                             sums);
    };
    constexpr Constant<0> kEven;
    constexpr Constant<1> kOdd;
    const std::int64_t n_steps = n * scales;
    multiply(kEven, 0);
    for (std::int64_t step = 0; step < n_steps; step += 2) {
      for (int b = 0; b < 2 / scales; ++b) next.fetch();
      if (step + 1 < n_steps) multiply(kOdd, step + 1);
      add(kEven, step);
      if (step + 1 == n_steps) break;
      if (step + 2 < n_steps) multiply(kEven, step + 2);
      add(kOdd, step + 1);
    }
    unrolled<kTileTokens>([&](int t) MSRNN_INLINED { store(out + t * kGroupRows, sums[t]); });
  }

  template <int parity>
  MSRNN_INLINED static void multiply_step(const std::byte* block, const Token* tokens) {
    constexpr int kFirst = parity % scales * kPartCols;
    load_tile<kWeights + parity>(block + kFirst * kGroupRows, kTileRowBytes);
    unrolled_constants<kProducts>([&](auto plane) MSRNN_INLINED {
      constexpr int kSum = 2 * parity + plane.value, kToken = kTokens + plane.value;
      load_tile<kToken>(tokens->plane[plane.value] + kFirst, sizeof(Token));
      clear_tile<kSum>();
      if constexpr (kAtOnce && minima) {
        add_unsigned_int8_products<kSum, kToken, kWeights + parity>();
      } else {
        add_int8_products<kSum, kToken, kWeights + parity>();
      }
    });
  }

  // In the order in which other products add.
  template <int parity>
  MSRNN_INLINED static void add_step(const std::byte* block, const Token* tokens, F32 (&sums)[kTileTokens]) {
    constexpr int kPart = parity % scales;
    alignas(kTileRowBytes) std::int32_t integers[kProducts][kTileTokens][kGroupRows];
    unrolled_constants<kProducts>([&](auto plane) MSRNN_INLINED {
      store_tile<2 * parity + plane.value>(integers[plane.value], kTileRowBytes);
    });
    const auto* of_parts = reinterpret_cast<const float*>(block + kExpandedNumberBytes<Input>);
    if constexpr (minima && kPart == 0) add_minima(of_parts + scales * kGroupRows, tokens, sums);
    const F32 scale = load(of_parts + kPart * kGroupRows);
    unrolled<kTileTokens>([&](int t) MSRNN_INLINED {
      I32 integer = load(integers[0][t]);
      if constexpr (kProducts == 2) integer = shift_left<Input::kPlaneBits>(integer) + load(integers[1][t]);
      sums[t] = fma(to_float(integer), scale * broadcast(tokens[t].scale), sums[t]);
    });
  }

  MSRNN_INLINED static void add_minima(const float* minima_of_parts, const Token* tokens,
                                       F32 (&sums)[kTileTokens]) {
    unrolled<scales>([&](int s) MSRNN_INLINED {
      const F32 minimum = load(minima_of_parts + s * kGroupRows);
      unrolled<kTileTokens>([&](int t) MSRNN_INLINED {
        const Token& x = tokens[t];
        const float scaled_sum = scales == 1 ? x.scaled_sum : x.scale * static_cast<float>(x.half_sums[s]);
        sums[t] = fma(minimum, broadcast(scaled_sum), sums[t]);
      });
    });
  }
};

// What a block allows at best: its columns fill half of the registers' rows of weights, or all if twice
// there.
template <int row_bytes>
void run_int8_tiles(std::int64_t rounds) {
  constexpr TileShape kSums = {kTileTokens, kTileRowBytes}, kTokens = {kTileTokens, row_bytes},
                      kWeights = {row_bytes / 4, kTileRowBytes};
  const TileRegisters registers({kSums, kSums, kSums, kSums, kTokens, kTokens, kWeights, kWeights});
  for (std::int64_t r = 0; r < rounds; ++r) {
    add_int8_products<0, 4, 6>();
    add_int8_products<1, 4, 7>();
    add_int8_products<2, 5, 6>();
    add_int8_products<3, 5, 7>();
  }
}

template <DType type, class Input>
void add_expanded(MatmulKernels& kernels) {
  MatmulKernels::Products& products = kernels.products[static_cast<int>(type)];
  products.expand = expand<type, Input>;
  products.expanded = WholeTile<Input, n_block_scales(type), quantisation(type).minima>::multiply;
  products.expanded_block_bytes = kExpandedBytes<type, Input>;
}

template <class Input>
void add_all_types(MatmulKernels& kernels) {
  each_quantised_type([&](auto type) { add_expanded<static_cast<DType>(type.value), Input>(kernels); });
  kernels.peak[static_cast<int>(Input::kFormat)] = {run_int8_tiles<kBlockCols>,
                                                    4 * kTileTokens * kNumberBytes};
}

}  // namespace

void add_int8_tiles(MatmulKernels& kernels, Precision precision) {
  // A tile is as long about a block whose second plane is 0, so that dropping it would gain nothing.
  kernels.thin = nullptr;
  precision == Precision::fast ? add_all_types<Int8Input<1>>(kernels) : add_all_types<Int8Input<2>>(kernels);
  each_4_bit_type([&](auto type) {
    constexpr DType kType = static_cast<DType>(type.value);
    if (kernels.input_format(kType) != InputFormat::int12) return;
    add_expanded<kType, Int12Input>(kernels);
    kernels.peak[static_cast<int>(InputFormat::int12)] = {run_int8_tiles<2 * kBlockCols>,
                                                          4 * kTileTokens * kNumberBytes};
  });
}

}  // namespace msrnn::cpu::MSRNN_ISA
