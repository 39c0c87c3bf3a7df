// Products with quantised weights where no instruction adds products of bytes to a sum of 32 bits: numbers of
// 16 bits, pairs of whose products are. One multiplication does what two planes of bytes would take two for.
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
  unrolled<kQuads>([&](auto j) MSRNN_INLINED {
    const IntRows& quad = codes.quad[j.value];
    words.pair[2 * j.value] = each_int_part([&](int p) { return quad.part[p] & broadcast(0x00ff00ff); });
    words.pair[2 * j.value + 1] = each_int_part([&](int p) { return shift_words_right<8>(quad.part[p]); });
  });
  return words;
}

MSRNN_INLINED inline WordPairs to_words(const SignedBytes& numbers) {
  WordPairs words;
  unrolled<kQuads>([&](auto j) MSRNN_INLINED {
    const IntRows& quad = numbers.quad[j.value];
    words.pair[2 * j.value] =
        each_int_part([&](int p) { return shift_signed_words_right<8>(shift_words_left<8>(quad.part[p])); });
    words.pair[2 * j.value + 1] =
        each_int_part([&](int p) { return shift_signed_words_right<8>(quad.part[p]); });
  });
  return words;
}

template <DType type>
MSRNN_INLINED inline WordPairs unpack_words(const std::byte* numbers) {
  constexpr Quantisation q = quantisation(type);
  if constexpr (q.levels) {
    return to_words(look_up_levels(numbers, broadcast(0)));
  } else if constexpr (q.bits == 8) {
    return to_words(load_numbers(numbers, broadcast(0)));
  } else {
    return to_words(unpack_codes<q.bits>(numbers));
  }
}

// One block of some groups, unpacked once for all tokens.
template <DType type, int groups>
class WordRows {
 public:
  MSRNN_INLINED WordRows(const std::byte* const (&packed)[groups], int i) {
    unrolled<groups>([&](auto g) MSRNN_INLINED {
      words_[g.value] = unpack_words<type>(packed[g.value] + i * number_bytes(type));
      load_scales<type>(packed[g.value], i, scales_[g.value]);
    });
  }

  // Adds the products with `tokens` tokens from t on.
  template <int tokens>
  MSRNN_INLINED void add(const Int16Input& x, int t, Rows (*sums)[groups]) const {
    if constexpr (kType.minima) add_minima<tokens>(x, t, sums);
    unrolled<kScales>([&](auto p) MSRNN_INLINED { add_part<p.value, tokens>(x, t, sums); });
  }

 private:
  static constexpr Quantisation kType = quantisation(type);
  static constexpr int kScales = n_block_scales(type);
  static constexpr int kZero = kType.levels || kType.bits == 8 ? 0 : kType.zero;

  template <int tokens>
  MSRNN_INLINED void add_minima(const Int16Input& x, int t, Rows (*sums)[groups]) const {
    unrolled<kScales>([&](auto p) MSRNN_INLINED {
      unrolled<tokens>([&](auto i) MSRNN_INLINED {
        const F32 scaled_sum = x.template scaled_sum<kScales>(p.value, t + i.value);
        unrolled<groups>([&](auto g) MSRNN_INLINED {
          Rows& sum = sums[t + i.value][g.value];
          sum = fma(scales_[g.value].minimum[p.value], scaled_sum, sum);
        });
      });
    });
  }

  // The columns that have scale p.
  template <int p, int tokens>
  MSRNN_INLINED void add_part(const Int16Input& x, int t, Rows (*sums)[groups]) const {
    constexpr int kPairs = 2 * kQuads / kScales;
    IntRows integers[tokens][groups];
    unrolled<tokens>([&](auto i) MSRNN_INLINED {
      unrolled<groups>([&](auto g) MSRNN_INLINED {
        integers[i.value][g.value] = x.template minus_sums<kScales, kZero>(p, t + i.value);
      });
    });
    unrolled<kPairs>([&](auto k) MSRNN_INLINED {
      constexpr int kPair = p * kPairs + k.value;
      IntRows words[groups];
      unrolled<groups>([&](auto g) MSRNN_INLINED { words[g.value] = at_hand(words_[g.value].pair[kPair]); });
      unrolled<tokens>([&](auto i) MSRNN_INLINED {
        const I32 pair = x.pair(t + i.value, kPair);
        unrolled<groups>([&](auto g) MSRNN_INLINED {
          IntRows& sum = integers[i.value][g.value];
          sum = each_int_part([&](int part) MSRNN_INLINED {
            return sum.part[part] + dot_words(words[g.value].part[part], pair);
          });
          sum = at_hand(sum);
        });
      });
    });
    unrolled<tokens>([&](auto i) MSRNN_INLINED {
      unrolled<groups>([&](auto g) MSRNN_INLINED {
        Rows& sum = sums[t + i.value][g.value];
        const F32 scale = x.scale(t + i.value);
        sum = each_part([&](int part) {
          return fma(to_float(integers[i.value][g.value].part[part]),
                     scales_[g.value].scale[p].part[part] * scale, sum.part[part]);
        });
      });
    });
  }

  WordPairs words_[groups];
  Scales<kScales> scales_[groups];
};

template <DType type>
struct Int16Quantised : Stored<type> {
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
    const WordRows<type, groups> block(packed, i);
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

void add_int16_products(MatmulKernels& kernels) {
  each_quantised_type(
      [&](auto type) { add_products<Int16Quantised<static_cast<DType>(type.value)>>(kernels); });
  kernels.peak[static_cast<int>(Int16Input::kFormat)] = {run_int16_peak, kChains * kLanes * 2};
}

}  // namespace msrnn::cpu::MSRNN_ISA
