// Products with bf16 weights in the tile registers of AMX.
#include "backend/cpu/isa/amx_tiles.h"
#include "backend/cpu/isa/compact_blocks.h"
#include "backend/cpu/isa/products.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// Registers: a group each has its sums; then two of tokens, a plane each, and two of weights, used in turn.
constexpr int kGroupsInTiles = 4, kTokenTiles = 4, kWeightTiles = 6;

template <int n>
inline constexpr TileShape kBFloat16Shapes[kTileRegisters] = {{n, kTileRowBytes},
                                                              {n, kTileRowBytes},
                                                              {n, kTileRowBytes},
                                                              {n, kTileRowBytes},
                                                              {n, kTileRowBytes},
                                                              {n, kTileRowBytes},
                                                              {kBlockCols / 2, kTileRowBytes},
                                                              {kBlockCols / 2, kTileRowBytes}};

// Of n tokens with some groups.
template <int n, int groups>
class TileSums {
 public:
  TileSums() {
    unrolled_constants<groups>([](auto g) { clear_tile<g.value>(); });
  }

  // += blocks in the plain layout · x
  template <int planes>
  void add(const std::byte* const (&blocks)[groups], const BFloat16Input<planes>& x) {
    unrolled_constants<planes>([&](auto plane) MSRNN_INLINED {
      load_tile<kTokenTiles + plane.value>(x.numbers(plane.value, 0), kTileRowBytes);
    });
    unrolled_constants<groups>([&](auto g) MSRNN_INLINED {
      constexpr int kWeight = kWeightTiles + g.value % 2;
      load_tile<kWeight>(blocks[g.value], kTileRowBytes);
      unrolled_constants<planes>([&](auto plane) MSRNN_INLINED {
        add_bf16_products<g.value, kTokenTiles + plane.value, kWeight>();
      });
    });
  }

  // out: [groups][tile_tokens][16]
  void store(float* out, int tile_tokens) const {
    unrolled_constants<groups>([&](auto g) MSRNN_INLINED {
      store_tile<g.value>(out + g.value * tile_tokens * kGroupRows, kTileRowBytes);
    });
  }

 private:
  TileRegisters registers_{kBFloat16Shapes<n>};
};

template <int planes>
struct Multiplied {
  using Input = BFloat16Input<planes>;
  static constexpr int kTokens = kTileTokens;
  template <int n>
  static constexpr int kGroups = kGroupsInTiles;
  template <int n, int groups>
  using Sums = TileSums<n, groups>;
};

template <int planes>
struct PlainTiles : Stored<DType::bf16>, Multiplied<planes> {
  template <int n, int groups>
  static void add_block(const std::byte* const (&blocks)[groups], int, const BFloat16Input<planes>& x,
                        TileSums<n, groups>& sums) {
    sums.add(blocks, x);
  }
};

template <int planes>
struct CompactTiles : CompactStored, Multiplied<planes> {
  template <int n, int groups>
  static void add_block(CompactBlock (&blocks)[groups], int, const BFloat16Input<planes>& x,
                        TileSums<n, groups>& sums) {
    alignas(kTileRowBytes) std::byte plain[groups][packed_bytes(DType::bf16)];
    const std::byte* places[groups];
    for (int g = 0; g < groups; ++g) {
      write_plain(blocks[g], plain[g]);
      places[g] = plain[g];
    }
    sums.add(places, x);
  }
};

void expand_compact(const WeightGroups& weights, std::byte* expanded) {
  for (int g = 0; g < weights.n_groups; ++g) {
    CompactBlock block = CompactStored::first_block(weights, g);
    for (std::int64_t b = 0; b < weights.n_blocks; ++b, block = CompactStored::next(block)) {
      prefetch<CompactStored::kBlockBytes>(CompactStored::address(block) + kAhead);
      write_plain(block, expanded);
      expanded += packed_bytes(DType::bf16);
    }
  }
}

void run_bf16_tiles(std::int64_t rounds) {
  const TileRegisters registers(kBFloat16Shapes<kTileTokens>);
  for (std::int64_t r = 0; r < rounds; ++r) {
    add_bf16_products<0, 4, 6>();
    add_bf16_products<1, 4, 7>();
    add_bf16_products<2, 5, 6>();
    add_bf16_products<3, 5, 7>();
  }
}

template <int planes>
void add_all(MatmulKernels& kernels) {
  add_products<PlainTiles<planes>>(kernels);
  kernels.bf16_layout = BFloat16Layout::floats;
  kernels.compact_bf16 = {tile_product<CompactTiles<planes>>, expand_compact,
                          tile_product<PlainTiles<planes>>, packed_bytes(DType::bf16)};
  kernels.peak[static_cast<int>(BFloat16Input<planes>::kFormat)] = {
      run_bf16_tiles, 4 * kTileTokens * kGroupRows * kBlockCols};
}

}  // namespace

void add_bf16_tiles(MatmulKernels& kernels, Precision precision) {
  precision == Precision::exact ? add_all<2>(kernels) : add_all<1>(kernels);
}

}  // namespace msrnn::cpu::MSRNN_ISA
