// Products with quantised weights, and with bf16 ones as integers of 12 bits, where no instruction adds
// products of bytes to a sum of 32 bits: numbers of 16 bits, pairs of whose products are. One multiplication
// does what two planes of bytes would take two for.
#include "backend/cpu/isa/codes.h"
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"
#include "backend/cpu/isa/scales.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// A block as 16-bit words: of each quad of columns the first and the third, then the second and the fourth.
struct WordPairs {
  IntRows pair[2 * kQuads];
};

template <int bits>
MSRNN_INLINED inline WordPairs to_words(const Codes<bits>& codes) {
  WordPairs words;
  unrolled<kQuads>([&](int j) MSRNN_INLINED {
    const IntRows& quad = codes.quad[j];
    words.pair[2 * j] = each_int_part([&](int p) { return quad.part[p] & broadcast(0x00ff00ff); });
    words.pair[2 * j + 1] = each_int_part([&](int p) { return shift_words_right<8>(quad.part[p]); });
  });
  return words;
}

MSRNN_INLINED inline WordPairs to_words(const SignedBytes& numbers) {
  WordPairs words;
  unrolled<kQuads>([&](int j) MSRNN_INLINED {
    const IntRows& quad = numbers.quad[j];
    words.pair[2 * j] =
        each_int_part([&](int p) { return shift_signed_words_right<8>(shift_words_left<8>(quad.part[p])); });
    words.pair[2 * j + 1] = each_int_part([&](int p) { return shift_signed_words_right<8>(quad.part[p]); });
  });
  return words;
}

// Kinds of weights: how their blocks are unpacked.
template <DType type>
struct QuantisedBlocks : Stored<type> {
  static constexpr Quantisation kQuantisation = quantisation(type);
  static constexpr int kScales = n_block_scales(type);
  static constexpr bool kMinima = kQuantisation.minima;
  static constexpr int kZero = kQuantisation.levels || kQuantisation.bits == 8 ? 0 : kQuantisation.zero;

  MSRNN_INLINED static WordPairs words(const std::byte* packed, int i) {
    const std::byte* numbers = packed + i * number_bytes(type);
    if constexpr (kQuantisation.levels) {
      return to_words(look_up_levels(numbers, broadcast(0)));
    } else if constexpr (kQuantisation.bits == 8) {
      return to_words(load_numbers(numbers, broadcast(0)));
    } else {
      return to_words(unpack_codes<kQuantisation.bits>(numbers));
    }
  }
  MSRNN_INLINED static void load(const std::byte* packed, int i, Scales<kScales>& scales) {
    load_scales<type>(packed, i, scales);
  }
};

// bf16 as integers of 12 bits.
struct BFloat16Blocks : Stored<DType::bf16, kIntegerBlockBytes> {
  static constexpr int kScales = 1, kZero = 0;
  static constexpr bool kMinima = false;
  static constexpr int kLowBits = kIntegerBits - 8, kHighBytes = kGroupRows * kBlockCols;

  MSRNN_INLINED static WordPairs words(const std::byte* packed, int) {
    const SignedBytes high = load_numbers(packed, broadcast(0));
    const WordPairs low = to_words(unpack_codes<kLowBits>(packed + kHighBytes));
    WordPairs words;
    unrolled<kQuads>([&](int j) MSRNN_INLINED {
      const int first = 2 * j, second = first + 1;
      const IntRows& quad = high.quad[j];
      words.pair[first] = each_int_part([&](int p) {
        return shift_signed_words_right<8 - kLowBits>(shift_words_left<8>(quad.part[p])) |
               low.pair[first].part[p];
      });
      words.pair[second] = each_int_part([&](int p) {
        const I32 odd = quad.part[p] & broadcast(static_cast<std::int32_t>(0xff00ff00));
        return shift_signed_words_right<8 - kLowBits>(odd) | low.pair[second].part[p];
      });
    });
    return words;
  }
  MSRNN_INLINED static void load(const std::byte* packed, int, Scales<1>& scales) {
    scales.scale[0] =
        load_rows(reinterpret_cast<const BFloat16*>(packed + kHighBytes + kHighBytes * kLowBits / 8));
  }
};

// One block of some groups, unpacked once for all tokens.
template <class Blocks, int groups>
class WordRows {
 public:
  MSRNN_INLINED WordRows(const std::byte* const (&packed)[groups], int i) {
    unrolled<groups>([&](int g) MSRNN_INLINED {
      words_[g] = Blocks::words(packed[g], i);
      Blocks::load(packed[g], i, scales_[g]);
    });
  }

  // Adds the products with `tokens` tokens from t on.
  template <int tokens>
  MSRNN_INLINED void add(const Int16Input& x, int t, Rows (*sums)[groups]) const {
    if constexpr (Blocks::kMinima) add_minima<tokens>(x, t, sums);
    unrolled<kScales>([&](int p) MSRNN_INLINED { add_part<tokens>(p, x, t, sums); });
  }

 private:
  static constexpr int kScales = Blocks::kScales;

  template <int tokens>
  MSRNN_INLINED void add_minima(const Int16Input& x, int t, Rows (*sums)[groups]) const {
    unrolled<kScales>([&](int p) MSRNN_INLINED {
      unrolled<tokens>([&](int i) MSRNN_INLINED {
        const F32 scaled_sum = x.template scaled_sum<kScales>(p, t + i);
        unrolled<groups>([&](int g) MSRNN_INLINED {
          Rows& sum = sums[t + i][g];
          sum = fma(scales_[g].minimum[p], scaled_sum, sum);
        });
      });
    });
  }

  // The columns that have scale p.
  template <int tokens>
  MSRNN_INLINED void add_part(int p, const Int16Input& x, int t, Rows (*sums)[groups]) const {
    constexpr int kPairs = 2 * kQuads / kScales;
    IntRows integers[tokens][groups];
    unrolled<tokens>([&](int i) MSRNN_INLINED {
      unrolled<groups>([&](int g) MSRNN_INLINED {
        integers[i][g] = x.template minus_sums<kScales, Blocks::kZero>(p, t + i);
      });
    });
    unrolled<kPairs>([&](int k) MSRNN_INLINED {
      const int kth = p * kPairs + k;
      IntRows words[groups];
      unrolled<groups>([&](int g) MSRNN_INLINED { words[g] = at_hand(words_[g].pair[kth]); });
      unrolled<tokens>([&](int i) MSRNN_INLINED {
        const I32 pair = x.pair(t + i, kth);
        unrolled<groups>([&](int g) MSRNN_INLINED {
          IntRows& sum = integers[i][g];
          sum = each_int_part(
              [&](int part) MSRNN_INLINED { return sum.part[part] + dot_words(words[g].part[part], pair); });
          sum = at_hand(sum);
        });
      });
    });
    unrolled<tokens>([&](int i) MSRNN_INLINED {
      unrolled<groups>([&](int g) MSRNN_INLINED {
        Rows& sum = sums[t + i][g];
        const F32 scale = x.scale(t + i);
        sum = each_part([&](int part) {
          return fma(to_float(integers[i][g].part[part]), scales_[g].scale[p].part[part] * scale,
                     sum.part[part]);
        });
      });
    });
  }

  WordPairs words_[groups];
  Scales<kScales> scales_[groups];
};

template <class Blocks>
struct Int16Products : Blocks {
  using Input = Int16Input;
  static constexpr int kTokens = kTileTokens;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int n>
  static constexpr int kGroups = n < 4 ? 1 : kGroupsAtOnce;

  template <int n, int groups>
  MSRNN_INLINED static void add_block(const std::byte* const (&packed)[groups], int i, const Input& x,
                                      RowSums<n, groups>& sums) {
    // Their integers, the weights of a pair of columns and one token's numbers fill the registers.
    constexpr int kMost = kParts == 4 ? 1 : 4, kAtOnce = n < kMost ? n : kMost;
    const WordRows<Blocks, groups> block(packed, i);
#pragma GCC unroll 1
    for (int t = 0; t < n; t += kAtOnce) block.template add<kAtOnce>(x, t, sums.of_token);
  }
};

void run_int16_peak(std::int64_t rounds) {
  I32 numbers = broadcast(0);
  run_chains(rounds, broadcast(0), [&](I32 sum) {
    numbers = at_hand(numbers);  // the product would be computed only once, were they known to stay the same
    return sum + dot_words(numbers, numbers);
  });
}

}  // namespace

void add_int16_products(MatmulKernels& kernels, Precision precision) {
  each_quantised_type([&](auto type) {
    add_products<Int16Products<QuantisedBlocks<static_cast<DType>(type.value)>>>(kernels);
  });
  if (precision != Precision::exact) {
    add_products<Int16Products<BFloat16Blocks>>(kernels);
    kernels.bf16_layout = BFloat16Layout::integers;
  }
  kernels.peak[static_cast<int>(Int16Input::kFormat)] = {run_int16_peak, kChains * kLanes * 2};
}

}  // namespace msrnn::cpu::MSRNN_ISA
