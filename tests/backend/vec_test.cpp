// The vector abstraction of the kernels, every width this processor has, and the elementwise kernels.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/kernels.h"
#include "matrix_lab.h"
#include "vec_probe.h"

namespace msrnn::cpu {
namespace {

using msrnn::testing::random_numbers;

struct Width {
  const char* isa;
  VecProbe (*probe)();
};

std::vector<Width> supported_widths() {
  std::vector<Width> widths;
  for (const Kernels* kernels : supported_kernels()) {
    if (kernels->isa == "scalar") widths.push_back({"scalar", scalar::vec_probe});
#if defined(__x86_64__)
    if (kernels->isa == "avx2") widths.push_back({"avx2", avx2::vec_probe});
    if (kernels->isa == "avx512") widths.push_back({"avx512", avx512::vec_probe});
#endif
  }
  return widths;
}

class VecTest : public ::testing::TestWithParam<Width> {
 protected:
  const VecProbe probe = GetParam().probe();
};

TEST_P(VecTest, ExpIsWithinTwoUnitsInTheLastPlace) {
  constexpr int kSteps = 1 << 20;
  std::vector<float> x(kSteps), found(kSteps);
  for (int i = 0; i < kSteps; ++i)
    x[static_cast<std::size_t>(i)] = static_cast<float>(-87.3 + 175.3 * i / kSteps);
  probe.exp(x.data(), kSteps, found.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(double{x[i]});
    const double unit = std::ldexp(1.0, std::ilogb(exact) - 23);
    ASSERT_LE(std::abs(found[i] - exact), 2 * unit) << x[i];
  }
}

TEST_P(VecTest, ExpAtTheEdges) {
  const std::vector<float> x = {0.0f,      -0.0f,  -87.34f, -88.0f, -1000.0f,
                                -INFINITY, -3e38f, 100.0f,  1e30f,  INFINITY};
  std::vector<float> found(x.size());
  probe.exp(x.data(), static_cast<int>(x.size()), found.data());
  EXPECT_EQ(found[0], 1.0f);
  EXPECT_EQ(found[1], 1.0f);
  for (std::size_t i = 2; i < 7; ++i) EXPECT_EQ(found[i], 0.0f) << x[i];
  for (std::size_t i = 7; i < 10; ++i) EXPECT_NEAR(found[i], 2.39e38, 0.01e38) << x[i];
}

// Every pattern of 16 bits, and floats around every boundary of rounding, as base/half.h defines them.
TEST_P(VecTest, SixteenBitTypesMatchTheirDefinition) {
  std::vector<Half> halves;
  std::vector<BFloat16> bfloats;
  std::vector<float> floats;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    halves.push_back({static_cast<std::uint16_t>(bits)});
    bfloats.push_back({static_cast<std::uint16_t>(bits)});
    for (const float x : {to_float(halves.back()), to_float(bfloats.back())}) {
      const auto pattern = std::bit_cast<std::uint32_t>(x);
      for (const std::uint32_t offset : {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u}) {
        floats.push_back(std::bit_cast<float>(pattern + offset));
      }
    }
  }
  floats.resize(floats.size() - 3);  // a partial vector at the end
  const int n = static_cast<int>(floats.size());
  std::vector<float> from_half(65536), from_bfloat(65536);
  probe.from_half(halves.data(), 65536, from_half.data());
  probe.from_bfloat16(bfloats.data(), 65536, from_bfloat.data());
  std::vector<Half> to_half_found(floats.size());
  std::vector<BFloat16> to_bfloat_found(floats.size());
  probe.to_half(floats.data(), n, to_half_found.data());
  probe.to_bfloat16(floats.data(), n, to_bfloat_found.data());
  for (std::size_t i = 0; i < 65536; ++i) {
    const float half = to_float(halves[i]), bfloat = to_float(bfloats[i]);
    if (std::isnan(half)) {
      ASSERT_TRUE(std::isnan(from_half[i]));
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(from_half[i]), std::bit_cast<std::uint32_t>(half)) << i;
    }
    ASSERT_EQ(std::bit_cast<std::uint32_t>(from_bfloat[i]), std::bit_cast<std::uint32_t>(bfloat)) << i;
  }
  for (std::size_t i = 0; i < floats.size(); ++i) {
    ASSERT_EQ(to_half_found[i].bits, to_half(floats[i]).bits) << floats[i];
    ASSERT_EQ(to_bfloat_found[i].bits, to_bfloat16(floats[i]).bits) << floats[i];
  }
}

TEST_P(VecTest, PartialVectorsTouchNothingElse) {
  for (int n = 1; n < probe.lanes; ++n) {
    const auto count = static_cast<std::size_t>(n);
    const std::vector<float> in(count, 1.5f);  // exactly n: sanitizers see a read past the end
    std::vector<Half> half(20, Half{7});
    std::vector<BFloat16> bfloat(20, BFloat16{7});
    std::vector<float> out(20, -7.0f);
    probe.to_half(in.data(), n, half.data());
    probe.to_bfloat16(in.data(), n, bfloat.data());
    const std::vector<Half> half_in(half.begin(), half.begin() + n);
    probe.from_half(half_in.data(), n, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      EXPECT_EQ(half[i].bits, i < count ? to_half(1.5f).bits : 7);
      EXPECT_EQ(bfloat[i].bits, i < count ? to_bfloat16(1.5f).bits : 7);
      EXPECT_EQ(out[i], i < count ? 1.5f : -7.0f);
    }
  }
}

TEST_P(VecTest, ReductionsMasksAndRounding) {
  const auto a = random_numbers(16, 1), b = random_numbers(16, 2);
  const auto n = static_cast<std::size_t>(probe.lanes);
  float reduced[3];
  probe.reduce(a.data(), reduced);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i];
  EXPECT_NEAR(reduced[0], sum, 1e-5);
  EXPECT_EQ(reduced[1], *std::max_element(a.begin(), a.begin() + probe.lanes));
  EXPECT_EQ(reduced[2], *std::min_element(a.begin(), a.begin() + probe.lanes));
  std::vector<float> selected(16);
  probe.select_less(a.data(), b.data(), selected.data());
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_EQ(probe.less_bits(a.data(), b.data()) >> i & 1u, a[i] < b[i] ? 1u : 0u);
    EXPECT_EQ(selected[i], std::min(a[i], b[i]));
  }
  for (int i = 0; i <= probe.lanes; ++i) EXPECT_EQ(probe.first_lanes_bits(i), (1u << i) - 1);
  const std::vector<float> halfway = {0.5f,    1.5f,   2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 0.49999997f,
                                      -127.0f, 127.4f, 3.0f, -3.2f, 0.0f,  -0.0f, 1e5f,   -1e5f};
  std::vector<std::int32_t> rounded(16);
  for (std::size_t first = 0; first < 16; first += n) {
    probe.round_to_int(halfway.data() + first, rounded.data() + first);
  }
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(rounded[i], std::nearbyint(halfway[i])) << halfway[i];
}

TEST_P(VecTest, HalvesOfWholeNumbers) {
  const std::vector<float> numbers = {
      0.0f,          0.9f,         1.5f,          65535.9f, 65536.0f, 8388607.5f, 1 << 24, 1073741824.0f,
      1073741760.0f, 123456792.0f, 2147483520.0f, 2.0f,     3.0f,     4.0f,       5.0f,    6.0f};
  std::vector<std::int32_t> low(16), high(16);
  for (std::size_t i = 0; i < 16; i += static_cast<std::size_t>(probe.lanes)) {
    probe.truncate_halves(numbers.data() + i, low.data() + i, high.data() + i);
  }
  for (std::size_t i = 0; i < 16; ++i) {
    const auto whole = static_cast<std::int32_t>(numbers[i]);
    EXPECT_EQ(low[i], whole % 65536) << numbers[i];
    EXPECT_EQ(high[i], whole / 65536) << numbers[i];
  }
}

TEST_P(VecTest, TransposesEveryNumber) {
  const auto n = static_cast<std::size_t>(probe.lanes);
  std::vector<float> in(n * n), out(n * n);
  std::iota(in.begin(), in.end(), 0.0f);
  probe.transpose(in.data(), out.data());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(out[i * n + j], in[j * n + i]) << i << ", " << j;
  }
}

TEST_P(VecTest, TransposesEveryNumberOf16Bits) {
  const auto n = static_cast<std::size_t>(probe.lanes), stride = n + 3;
  std::vector<std::uint16_t> in(n * 2 * n), out(2 * n * stride, 60000);
  std::iota(in.begin(), in.end(), std::uint16_t{0});
  probe.transpose_16bit(in.data(), out.data(), static_cast<int>(stride));
  for (std::size_t i = 0; i < 2 * n; ++i) {
    for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(out[i * stride + j], in[j * 2 * n + i]) << i << ", " << j;
    for (std::size_t j = n; j < stride; ++j) ASSERT_EQ(out[i * stride + j], 60000) << "not a column's";
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, VecTest, ::testing::ValuesIn(supported_widths()),
                         [](const auto& param) { return std::string(param.param.isa); });

class ElementwiseTest : public ::testing::TestWithParam<const Kernels*> {
 protected:
  const MatmulKernels& kernels = GetParam()->matmul;
};

TEST_P(ElementwiseTest, Normalise) {
  for (const std::size_t n : {1u, 3u, 4u, 15u, 16u, 17u, 33u, 64u, 576u, 1000u}) {
    for (const float scale : {1e-10f, 1.0f, 1e10f}) {
      const auto x = random_numbers(n, 1, scale), gain = random_numbers(n, 2);
      std::vector<float> out(n);
      kernels.normalise(x.data(), gain.data(), 1e-5f, static_cast<std::int64_t>(n), out.data());
      double squares = 0;
      for (const float v : x) squares += double{v} * v;
      const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + double{1e-5f});
      for (std::size_t i = 0; i < n; ++i) {
        const double exact = x[i] * factor * gain[i];
        ASSERT_NEAR(out[i], exact, std::abs(exact) * 2e-6) << n << " " << scale;
      }
    }
  }
}

TEST_P(ElementwiseTest, SiluTimes) {
  for (const std::size_t n : {1u, 7u, 16u, 33u, 512u}) {
    const auto gate = random_numbers(n, 3, 20.0f), up = random_numbers(n, 4);
    std::vector<float> out(n);
    kernels.silu_times(gate.data(), up.data(), static_cast<std::int64_t>(n), out.data());
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = gate[i] / (1 + std::exp(-double{gate[i]})) * up[i];
      ASSERT_NEAR(out[i], exact, std::abs(exact) * 1e-6 + 1e-35) << gate[i];
    }
  }
}

TEST_P(ElementwiseTest, RotateBothPairings) {
  for (const std::size_t pairs : {1u, 5u, 8u, 17u, 32u, 40u, 64u}) {
    const auto x = random_numbers(2 * pairs, 5), angles = random_numbers(pairs, 6, 10.0f);
    std::vector<float> cosines(pairs), sines(pairs);
    for (std::size_t i = 0; i < pairs; ++i) {
      cosines[i] = std::cos(angles[i]);
      sines[i] = std::sin(angles[i]);
    }
    auto interleaved = x, halves = x;
    const auto n = static_cast<std::int64_t>(pairs);
    kernels.rotate_interleaved(interleaved.data(), cosines.data(), sines.data(), n);
    kernels.rotate_halves(halves.data(), cosines.data(), sines.data(), n);
    const auto expect_turned = [&](const std::vector<float>& found, std::size_t a, std::size_t b,
                                   std::size_t i) {
      EXPECT_NEAR(found[a], double{x[a]} * cosines[i] - double{x[b]} * sines[i], 1e-6);
      EXPECT_NEAR(found[b], double{x[a]} * sines[i] + double{x[b]} * cosines[i], 1e-6);
    };
    for (std::size_t i = 0; i < pairs; ++i) {
      expect_turned(interleaved, 2 * i, 2 * i + 1, i);
      expect_turned(halves, i, i + pairs, i);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, ElementwiseTest, ::testing::ValuesIn(supported_kernels()),
                         [](const auto& param) { return std::string(param.param->isa); });

}  // namespace
}  // namespace msrnn::cpu
