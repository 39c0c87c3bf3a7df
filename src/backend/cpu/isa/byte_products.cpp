// Products with weights of 4 bits where no instruction adds products of bytes to a sum of 32 bits: pairs of
// products are added in 16 bits, which a block's sums fit. That is twice as many at once as
// int16_products.cpp has, and pays where most numbers need one plane only.
#include "backend/cpu/isa/codes.h"
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"
#include "backend/cpu/isa/scales.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

constexpr int kBits = 4;
static_assert(kBlockCols / 2 * 127 * ((1 << kBits) - 1) <= 32767);

// One block of some groups, unpacked once for all tokens.
template <DType type, int groups>
class CodeRows {
 public:
  MSRNN_INLINED CodeRows(const std::byte* const (&packed)[groups], int i) {
    unrolled<groups>([&](int g) MSRNN_INLINED {
      codes_[g] = unpack_codes<kBits>(packed[g] + i * number_bytes(type));
      load_scales<type>(packed[g], i, scales_[g]);
    });
  }

  // Adds the products with tokens 0 … n − 1.
  template <int n, class Input>
  MSRNN_INLINED void add(const Input& x, RowSums<n, groups>& sums) const {
    constexpr int kAtOnce = n < 4 ? n : 4;  // their sums and the weights of a quad fill the registers
    constexpr int kFirstUnit = Input::kPlanes == 1 ? 1 : 256;
    IntRows integers[n][groups];
    for (int t = 0; t < n; t += kAtOnce) {
      const std::int8_t* numbers[kAtOnce];
      unrolled<kAtOnce>([&](int i) { numbers[i] = x.numbers(0, t + i); });
      multiply<kFirstUnit>(numbers, [&](int i, int g, const IntRows& products)
                                        MSRNN_INLINED { integers[t + i][g] = products; });
    }
    if constexpr (Input::kPlanes == 2) add_second_planes(x, integers);
#pragma GCC unroll 4
    for (int t = 0; t < n; ++t) add_scaled(x, t, integers[t], sums[t]);
  }

 private:
  static constexpr Quantisation kType = quantisation(type);

  template <int n, class Input>
  MSRNN_INLINED void add_second_planes(const Input& x, IntRows (&integers)[n][groups]) const {
    constexpr int kAtOnce = n < 4 ? 1 : 4;
    int tokens[n], n_tokens = 0;
    for (int t = 0; t < n; ++t) {
      tokens[n_tokens] = t;
      n_tokens += x.n_planes(t) - 1;
    }
    const auto add_run = [&]<int count>(Constant<count>, int first) MSRNN_INLINED {
      const std::int8_t* numbers[count];
      unrolled<count>([&](int i) { numbers[i] = x.numbers(1, tokens[first + i]); });
      multiply<1>(numbers, [&](int i, int g, const IntRows& products) MSRNN_INLINED {
        IntRows& integer = integers[tokens[first + i]][g];
        integer = each_int_part([&](int part) { return integer.part[part] + products.part[part]; });
      });
    };
    int first = 0;
    for (; first + kAtOnce <= n_tokens; first += kAtOnce) add_run(Constant<kAtOnce>{}, first);
    if constexpr (kAtOnce > 1) {
      if (first + 2 <= n_tokens) add_run(Constant<2>{}, first), first += 2;
      if (first < n_tokens) add_run(Constant<1>{}, first);
    }
  }

  // take(i, group, products) for each of `count` times 32 numbers, which count `unit`
  // each.
  template <int unit, int count, class Take>
  MSRNN_INLINED void multiply(const std::int8_t* const (&numbers)[count], Take take) const {
    IntRows sums[count][groups];
    unrolled<kQuads>([&](int j) MSRNN_INLINED {
      IntRows codes[groups];
      unrolled<groups>([&](int g) MSRNN_INLINED { codes[g] = at_hand(codes_[g].quad[j]); });
      unrolled<count>([&](int i) MSRNN_INLINED {
        const I32 quad = broadcast_bits(numbers[i] + 4 * j);
        unrolled<groups>([&](int g) MSRNN_INLINED {
          IntRows& sum = sums[i][g];
          sum = at_hand(each_int_part([&](int part) MSRNN_INLINED {
            const I32 products = dot_bytes(codes[g].part[part], quad);
            return j == 0 ? products : add_words(sum.part[part], products);
          }));
        });
      });
    });
    unrolled<count>([&](int i) MSRNN_INLINED {
      unrolled<groups>([&](int g) MSRNN_INLINED {
        take(i, g, each_int_part([&](int part) {
               return dot_words(sums[i][g].part[part], broadcast(unit * 0x00010001));
             }));
      });
    });
  }

  template <class Input>
  MSRNN_INLINED void add_scaled(const Input& x, int t, const IntRows (&integers)[groups],
                                Rows (&sums)[groups]) const {
    const IntRows minus_sums = x.template minus_sums<1, kType.zero>(0, t);
    unrolled<groups>([&](int g) MSRNN_INLINED {
      const Scales<1>& scales = scales_[g];
      sums[g] = each_part([&](int part) MSRNN_INLINED {
        I32 integer = integers[g].part[part];
        if constexpr (kType.zero != 0) integer = integer + minus_sums.part[part];
        F32 sum = sums[g].part[part];
        if constexpr (kType.minima) {
          sum = fma(scales.minimum[0].part[part], x.template scaled_sum<1>(0, t), sum);
        }
        return fma(to_float(integer), scales.scale[0].part[part] * x.scale(t), sum);
      });
    });
  }

  Codes<kBits> codes_[groups];
  Scales<1> scales_[groups];
};

template <DType type, int planes>
struct ByteQuantised : Stored<type> {
  using Input = Int8Input<planes>;
  static constexpr int kTokens = kTileTokens;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int n>
  static constexpr int kGroups = n < 4 ? 1 : kGroupsAtOnce;

  template <int n, int groups>
  MSRNN_INLINED static void add_block(const std::byte* const (&packed)[groups], int i, const Input& x,
                                      RowSums<n, groups>& sums) {
    const CodeRows<type, groups> block(packed, i);
    block.template add<n>(x, sums);
  }
};

void run_byte_peak(std::int64_t rounds) {
  I32 codes = broadcast(0);
  run_chains(rounds, broadcast(0), [&](I32 sum) {
    codes = at_hand(codes);  // the product would be computed only once, were they known to stay the same
    return add_words(sum, dot_bytes(codes, codes));
  });
}

template <int planes>
void add_types(MatmulKernels& kernels) {
  each_4_bit_type(
      [&](auto type) { add_products<ByteQuantised<static_cast<DType>(type.value), planes>>(kernels); });
  kernels.peak[static_cast<int>(Int8Input<planes>::kFormat)] = {run_byte_peak, kChains * kLanes * 4};
}

}  // namespace

void add_byte_products(MatmulKernels& kernels, Precision precision) {
  if (precision == Precision::fast) return add_types<1>(kernels);
  // Two planes of all numbers take longer than 16 bits; with AVX-512, two of half of them take as long.
  if constexpr (kLanes == 8) {
    if (precision == Precision::mixed) add_types<2>(kernels);
  }
}

}  // namespace msrnn::cpu::MSRNN_ISA
