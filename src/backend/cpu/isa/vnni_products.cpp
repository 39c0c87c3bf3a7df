// Products with quantised weights, with the instruction that multiplies 4 unsigned by 4 signed bytes a lane
// and adds them up: integers, then their scales.
#include "backend/cpu/isa/codes.h"
#include "backend/cpu/isa/peak.h"
#include "backend/cpu/isa/products.h"
#include "backend/cpu/isa/scales.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

template <int first, int n, class Block, int groups>
inline void add_dots(const Block (&blocks)[groups], const std::int8_t* x, IntRows (&sums)[groups]) {
  unrolled_constants<n>([&](auto i) {
    constexpr int kQuad = first + i.value;
    const __m512i quad = broadcast_bits(x + 4 * kQuad).v;
    for (int g = 0; g < groups; ++g) {
      __m512i& sum = sums[g].part[0].v;
      sum = _mm512_dpbusd_epi32(sum, blocks[g].quad[kQuad].part[0].v, quad);
    }
  });
}

// The integers of all planes as one.
template <int bits>
inline I32 joined(const IntRows (&planes)[1], int part) {
  return planes[0].part[part];
}
template <int bits>
inline I32 joined(const IntRows (&planes)[2], int part) {
  return shift_left<bits>(planes[0].part[part]) + planes[1].part[part];
}

// sum + integers · weight scale · activation scale
template <int plane_bits, int planes>
inline Rows add_scaled(const IntRows (&integers)[planes], const Rows& scale, F32 input_scale,
                       const Rows& sum) {
  return each_part([&](int i) {
    return fma(to_float(joined<plane_bits>(integers, i)), scale.part[i] * input_scale, sum.part[i]);
  });
}

// Numbers of 8 bits get 128 added, so that they are unsigned.
template <DType type>
inline auto unpack(const std::byte* numbers) {
  constexpr Quantisation q = quantisation(type);
  const I32 turned = broadcast(static_cast<std::int32_t>(0x80808080));
  if constexpr (q.levels) {
    return look_up_levels(numbers, turned);
  } else if constexpr (q.bits == 8) {
    return load_numbers(numbers, turned);
  } else {
    return unpack_codes<q.bits>(numbers);
  }
}

// One block of quantised weights of some groups, unpacked once for all tokens.
template <DType type, int groups>
class QuantisedRows {
 public:
  QuantisedRows(const std::byte* const (&packed)[groups], int i) {
    unrolled<groups>([&](int g) {
      numbers_[g] = unpack<type>(packed[g] + i * number_bytes(type));
      load_scales<type>(packed[g], i, scales_[g]);
    });
  }

  template <class Input>
  void add(const Input& x, int t, Rows (&sums)[groups]) const {
    Input::kPlanes == 1 || x.n_planes(t) == 1 ? add_planes<1>(x, t, sums)
                                              : add_planes<Input::kPlanes>(x, t, sums);
  }

 private:
  static constexpr Quantisation kType = quantisation(type);
  static constexpr int kScales = n_block_scales(type);
  static constexpr int kZero = kType.levels ? 128 : kType.zero;

  // The others hold nothing but 0.
  template <int used, class Input>
  void add_planes(const Input& x, int t, Rows (&sums)[groups]) const {
    unrolled<kScales>([&](int p) {
      if constexpr (kType.minima) {
        const F32 scaled_sum = x.template scaled_sum<kScales>(p, t);
        for (int g = 0; g < groups; ++g) {
          sums[g] = fma(scales_[g].minimum[p], scaled_sum, sums[g]);
        }
      }
    });
    unrolled_constants<kScales>([&](auto p) {
      constexpr int kQuads = 8 / kScales, kFirst = p.value * kQuads;
      // Each plane has a chain of its own: one after the other they would be the time a block takes.
      constexpr int kPlanes = Input::kPlanes;
      IntRows integers[groups][kPlanes];
      for (auto& of_group : integers) {
        for (IntRows& of_plane : of_group) of_plane = broadcast_rows(0);
        of_group[kPlanes - 1] = x.template minus_sums<kScales, kZero>(p.value, t);
      }
      unrolled<used>([&](int plane) {
        IntRows of_plane[groups];
        for (int g = 0; g < groups; ++g) of_plane[g] = integers[g][plane];
        add_dots<kFirst, kQuads>(numbers_, x.numbers(plane, t), of_plane);
        for (int g = 0; g < groups; ++g) integers[g][plane] = of_plane[g];
      });
      for (int g = 0; g < groups; ++g) {
        sums[g] = add_scaled<Input::kPlaneBits>(integers[g], scales_[g].scale[p.value], x.scale(t), sums[g]);
      }
    });
  }

  decltype(unpack<type>(nullptr)) numbers_[groups];
  Scales<kScales> scales_[groups];
};

template <DType type, class TileInput>
struct Quantised : Stored<type> {
  using Input = TileInput;
  static constexpr int kTokens = kTileTokens;
  template <int n, int groups>
  using Sums = RowSums<n, groups>;
  template <int n>
  static constexpr int kGroups = n < 4 ? 1 : kGroupsAtOnce;

  // Registers hold the weights, which all tokens need, rather than the sums: token after token, not unrolled.
  template <int n, int groups>
  static void add_block(const std::byte* const (&packed)[groups], int i, const Input& x,
                        RowSums<n, groups>& sums) {
    const QuantisedRows<type, groups> block(packed, i);
#pragma GCC unroll 1
    for (int t = 0; t < n; ++t) block.add(x, t, sums[t]);
  }
};

// 4-bit codes, all 1, with numbers that add up to 0, so that no sum grows.
void run_integer_peak(std::int64_t rounds) {
  std::byte planes[number_bytes(DType::q4_0)];
  __builtin_memset(planes, 0x11, sizeof planes);
  std::int8_t numbers[kBlockCols];
  for (int c = 0; c < kBlockCols; ++c) numbers[c] = static_cast<std::int8_t>(c % 2 == 0 ? 1 : -1);
  const Codes<4> block[1] = {unpack_codes<4>(planes)};
  struct Sum {
    IntRows of_group[1];
  };
  run_chains(rounds, Sum{{broadcast_rows(0)}}, [&](Sum sum) {
    add_dots<0, 8>(block, numbers, sum.of_group);
    return sum;
  });
}

template <int planes>
void add_all_types(MatmulKernels& kernels) {
  each_quantised_type([&](auto type) {
    add_products<Quantised<static_cast<DType>(type.value), Int8Input<planes>>>(kernels);
  });
  kernels.peak[static_cast<int>(Int8Input<planes>::kFormat)] = {run_integer_peak,
                                                                kChains * kGroupRows * kBlockCols};
}

}  // namespace

void add_vnni_products(MatmulKernels& kernels, Precision precision) {
  precision == Precision::fast ? add_all_types<1>(kernels) : add_all_types<2>(kernels);
}

void add_int12_products(MatmulKernels& kernels, Precision precision) {
  if (precision != Precision::mixed) return;
  each_4_bit_type(
      [&](auto type) { add_products<Quantised<static_cast<DType>(type.value), Int12Input>>(kernels); });
}

}  // namespace msrnn::cpu::MSRNN_ISA
