// Products with bf16 weights.
#include "backend/cpu/isa/compact_blocks.h"
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

#if defined(__AVX512BF16__)
template <int planes>
using WeightsInput = BFloat16Input<planes>;

// Adds the products with columns c and c + 1 of some groups, of which lane r of w has row r's numbers: pairs
// of products, both numbers in bf16, are summed in float.
template <int planes, int n, int groups>
MSRNN_INLINED inline void add_pair(const IntRows (&w)[groups], int c, const BFloat16Input<planes>& x,
                                   RowSums<n, groups>& sums) {
  unrolled<n>([&](int t) {
    for (int plane = 0; plane < planes; ++plane) {
      std::int32_t pair;
      __builtin_memcpy(&pair, x.numbers(plane, t) + c, sizeof pair);
      const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      for (int g = 0; g < groups; ++g) {
        __m512& sum = sums[t][g].part[0].v;
        sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(w[g].part[0].v), both);
      }
    }
  });
}

// Numbers 0, so that no sum grows.
void run_bf16_peak(std::int64_t rounds) {
  const auto zeros = reinterpret_cast<__m512bh>(_mm512_setzero_si512());
  run_chains(rounds, _mm512_setzero_ps(), [&](__m512 sum) { return _mm512_dpbf16_ps(sum, zeros, zeros); });
}

template <class Input>
void add_bf16_peak(MatmulKernels& kernels) {
  kernels.peak[static_cast<int>(Input::kFormat)] = {run_bf16_peak, kChains * kLanes * 2};
}
#else
template <int>
using WeightsInput = FloatInput;

template <int n, int groups>
MSRNN_INLINED inline void add_pair(const IntRows (&w)[groups], int c, const FloatInput& x,
                                   RowSums<n, groups>& sums) {
  Rows first[groups], second[groups];
  for (int g = 0; g < groups; ++g) {
    first[g] = each_part([&](int i) { return first_bfloat16(w[g].part[i]); });
    second[g] = each_part([&](int i) { return second_bfloat16(w[g].part[i]); });
  }
  unrolled<n>([&](int t) {
    const float* numbers = x.numbers(t) + c;
    for (int g = 0; g < groups; ++g) {
      Rows& sum = sums[t][g];
      sum = fma(first[g], broadcast(numbers[0]), sum);
      sum = fma(second[g], broadcast(numbers[1]), sum);
    }
  });
}

template <class>
void add_bf16_peak(MatmulKernels&) {}  // takes f32
#endif

// A sum is one chain of additions: those of two groups alone would take longer than memory does.
template <int n>
constexpr int kBFloat16Groups = n == 1 ? 2 * kGroupsAtOnce : kGroupsAtOnce;

template <class TileInput>
struct PlainBFloat16 : Stored<DType::bf16> {
  using Input = TileInput;

  static constexpr int kTokens = kTokensInRegisters;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int n>
  static constexpr int kGroups = kBFloat16Groups<n>;

  template <int n, int groups>
  MSRNN_INLINED static void add_block(const std::byte* const (&blocks)[groups], int, const Input& x,
                                      RowSums<n, groups>& sums) {
    for (int c = 0; c < kBlockCols; c += 2) {
      IntRows w[groups];
      for (int g = 0; g < groups; ++g) w[g] = load_row_bits(blocks[g] + c * kGroupRows * 2);
      add_pair(w, c, x, sums);
    }
  }
};

template <class TileInput>
struct CompactBFloat16 : CompactStored {
  using Input = TileInput;

  static constexpr int kTokens = kTokensInRegisters;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int n>
  static constexpr int kGroups = kBFloat16Groups<n>;

  template <int n, int groups>
  MSRNN_INLINED static void add_block(CompactBlock (&blocks)[groups], int, const Input& x,
                                      RowSums<n, groups>& sums) {
    bool exceptions = false;
    for (const CompactBlock& block : blocks) exceptions |= block.has_exceptions();
    if (exceptions) [[unlikely]]
      return add_with_exceptions(blocks, x, sums);
#pragma GCC unroll 1
    for (int c = 0; c < kBlockCols; c += 8) {
      add_columns<0>(blocks, c, x, sums);
      add_columns<4>(blocks, c, x, sums);
    }
  }

 private:
  // Columns c + first to c + first + 3.
  template <int first, int n, int groups>
  MSRNN_INLINED static void add_columns(const CompactBlock (&blocks)[groups], int c, const Input& x,
                                        RowSums<n, groups>& sums) {
    FourColumns columns[groups];
    for (int g = 0; g < groups; ++g) columns[g] = unpack<first>(blocks[g], c);
    unrolled<2>([&](int j) MSRNN_INLINED {
      IntRows w[groups];
      for (int g = 0; g < groups; ++g) w[g] = columns[g].pair[j];
      add_pair(w, c + first + 2 * j, x, sums);
    });
  }

  template <int n, int groups>
  MSRNN_INLINED static void add_with_exceptions(CompactBlock (&blocks)[groups], const Input& x,
                                                RowSums<n, groups>& sums) {
    alignas(64) std::byte plain[groups][packed_bytes(DType::bf16)];
    const std::byte* places[groups];
    for (int g = 0; g < groups; ++g) {
      write_plain(blocks[g], plain[g]);
      places[g] = plain[g];
    }
    PlainBFloat16<Input>::add_block(places, 0, x, sums);
  }
};

template <class Input>
void add_all(MatmulKernels& kernels) {
  add_products<PlainBFloat16<Input>>(kernels);
  kernels.bf16_layout = BFloat16Layout::floats;
  kernels.compact_bf16 = {tile_product<CompactBFloat16<Input>>};
  add_bf16_peak<Input>(kernels);
}

}  // namespace

void add_bf16_products(MatmulKernels& kernels, Precision precision) {
  precision == Precision::exact ? add_all<WeightsInput<2>>(kernels) : add_all<WeightsInput<1>>(kernels);
}

}  // namespace msrnn::cpu::MSRNN_ISA
