// Products with bf16 weights.
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
[[gnu::always_inline]] inline void add_pair(const IntRows (&w)[groups], int c, const BFloat16Input<planes>& x,
                                            Rows (&sums)[n][groups]) {
  unrolled<n>([&](auto t) {
    for (int plane = 0; plane < planes; ++plane) {
      std::int32_t pair;
      __builtin_memcpy(&pair, x.numbers(plane, t.value) + c, sizeof pair);
      const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      for (int g = 0; g < groups; ++g) {
        __m512& sum = sums[t.value][g].part[0].v;
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

void add_bf16_peak(MatmulKernels& kernels) {
  kernels.peak[static_cast<int>(kernels.bf16_input)] = {run_bf16_peak, kChains * kLanes * 2};
}
#else
template <int>
using WeightsInput = FloatInput;

template <int n, int groups>
[[gnu::always_inline]] inline void add_pair(const IntRows (&w)[groups], int c, const FloatInput& x,
                                            Rows (&sums)[n][groups]) {
  Rows first[groups], second[groups];
  for (int g = 0; g < groups; ++g) {
    first[g] = each_part([&](int i) { return first_bfloat16(w[g].part[i]); });
    second[g] = each_part([&](int i) { return second_bfloat16(w[g].part[i]); });
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

void add_bf16_peak(MatmulKernels&) {}  // takes f32
#endif

// A sum is one chain of additions: those of two groups alone would take longer than memory does.
template <int n>
constexpr int kBFloat16Groups = n == 1 ? 2 * kGroupsAtOnce : kGroupsAtOnce;

// 64 bytes.
inline IntRows load_row_bits(const std::byte* p) {
  IntRows result;
  for (int i = 0; i < kParts; ++i) {
    result.part[i] = load(reinterpret_cast<const std::int32_t*>(p) + i * kLanes);
  }
  return result;
}
inline void store_row_bits(std::byte* p, const IntRows& a) {
  for (int i = 0; i < kParts; ++i) store(reinterpret_cast<std::int32_t*>(p) + i * kLanes, a.part[i]);
}

template <class TileInput>
struct PlainBFloat16 : Stored<DType::bf16> {
  using Input = TileInput;

  static constexpr int kTokens = kTokensInRegisters;
  template <int n>
  static constexpr int kGroups = kBFloat16Groups<n>;

  template <int n, int groups>
  [[gnu::always_inline]] static void add_block(const std::byte* const (&blocks)[groups], int, const Input& x,
                                               Rows (&sums)[n][groups]) {
    for (int c = 0; c < kBlockCols; c += 2) {
      IntRows w[groups];
      for (int g = 0; g < groups; ++g) w[g] = load_row_bits(blocks[g] + c * kGroupRows * 2);
      add_pair(w, c, x, sums);
    }
  }
};

// A block of compact numbers.
struct CompactBlock {
  const std::byte* numbers;
  const std::byte* tables;
  const BFloat16Exception* exceptions;  // from this block on
  std::uint32_t index;

  bool has_exceptions() const { return exceptions->block == index; }
};

// Four columns of a block, as two pairs.
struct FourColumns {
  IntRows pair[2];
};

// From column c + first on, where c is a multiple of 8 and first 0 or 4.
template <int first>
[[gnu::always_inline]] inline FourColumns unpack(const CompactBlock& block, int c) {
  constexpr int kVector = kGroupRows * 4;
  const std::byte* eight = block.numbers + c / 8 * 3 * kVector;
  const IntRows codes = load_row_bits(eight), tables = load_row_bits(block.tables);
  const IntRows low = load_row_bits(eight + (first == 0 ? 1 : 2) * kVector);
  FourColumns columns;
  for (int p = 0; p < kParts; ++p) {
    const I32 code = first == 0 ? low_nibbles(codes.part[p]) : high_nibbles(codes.part[p]);
    const I32 high = look_up_bytes(tables.part[p], code);
    columns.pair[0].part[p] = interleave_low_bytes(low.part[p], high);
    columns.pair[1].part[p] = interleave_high_bytes(low.part[p], high);
  }
  return columns;
}

// Writes it as a plain one, and moves it past its exceptions.
[[gnu::noinline]] void unpack_with_exceptions(CompactBlock& block, std::byte* plain) {
  constexpr int kPair = kGroupRows * 4;
  std::byte* plain_pair = plain;
  for (int c = 0; c < kBlockCols; c += 8, plain_pair += 4 * kPair) {
    const FourColumns columns[] = {unpack<0>(block, c), unpack<4>(block, c)};
    for (int i = 0; i < 4; ++i) store_row_bits(plain_pair + i * kPair, columns[i / 2].pair[i % 2]);
  }
  for (; block.has_exceptions(); ++block.exceptions) {
    __builtin_memcpy(plain + 2 * block.exceptions->place, &block.exceptions->bits, 2);
  }
}

template <class TileInput>
struct CompactBFloat16 {
  using Input = TileInput;
  using Block = CompactBlock;

  static constexpr int kBlockBytes = kCompactBlockBytes, kTogether = 1;
  static constexpr int kTokens = kTokensInRegisters;
  template <int n>
  static constexpr int kGroups = kBFloat16Groups<n>;

  static Block first_block(const WeightGroups& weights, int group) {
    const std::byte* tables = weights.first + group * weights.bytes;
    return {tables + kCompactTableBytes, tables, weights.exceptions[group], 0};
  }
  static const std::byte* address(const Block& block) { return block.numbers; }
  static Block next(const Block& block) {
    return {block.numbers + kBlockBytes, block.tables, block.exceptions, block.index + 1};
  }

  template <int n, int groups>
  [[gnu::always_inline]] static void add_block(Block (&blocks)[groups], int, const Input& x,
                                               Rows (&sums)[n][groups]) {
    bool exceptions = false;
    for (const Block& block : blocks) exceptions |= block.has_exceptions();
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
  [[gnu::always_inline]] static void add_columns(const Block (&blocks)[groups], int c, const Input& x,
                                                 Rows (&sums)[n][groups]) {
    FourColumns columns[groups];
    for (int g = 0; g < groups; ++g) columns[g] = unpack<first>(blocks[g], c);
    unrolled<2>([&](auto j) __attribute__((always_inline)) {
      IntRows w[groups];
      for (int g = 0; g < groups; ++g) w[g] = columns[g].pair[j.value];
      add_pair(w, c + first + 2 * j.value, x, sums);
    });
  }

  template <int n, int groups>
  [[gnu::always_inline]] static void add_with_exceptions(Block (&blocks)[groups], const Input& x,
                                                         Rows (&sums)[n][groups]) {
    alignas(64) std::byte plain[groups][packed_bytes(DType::bf16)];
    const std::byte* places[groups];
    for (int g = 0; g < groups; ++g) {
      unpack_with_exceptions(blocks[g], plain[g]);
      places[g] = plain[g];
    }
    PlainBFloat16<Input>::add_block(places, 0, x, sums);
  }
};

template <class Input>
void add_all(MatmulKernels& kernels) {
  add_products<PlainBFloat16<Input>>(kernels);
  kernels.compact_bf16 = tile_product<CompactBFloat16<Input>>;
  kernels.bf16_input = Input::kFormat;
  add_bf16_peak(kernels);
}

}  // namespace

void add_bf16_products(MatmulKernels& kernels, Precision precision) {
  precision == Precision::fast ? add_all<WeightsInput<1>>(kernels) : add_all<WeightsInput<2>>(kernels);
}

}  // namespace msrnn::cpu::MSRNN_ISA
