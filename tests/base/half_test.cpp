#include "base/half.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace msrnn {
namespace {

// Value of a small floating format by the definition of IEEE 754: 1 sign bit, exponent bits, fraction bits.
double defined_value(std::uint32_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const auto exponent = static_cast<int>((bits >> fraction_bits) & ((1u << exponent_bits) - 1));
  const double fraction = std::ldexp(static_cast<double>(bits & ((1u << fraction_bits) - 1)), -fraction_bits);
  const double sign = (bits >> (exponent_bits + fraction_bits)) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  return exponent == 0 ? sign * std::ldexp(fraction, 1 - bias)
                       : sign * std::ldexp(1 + fraction, exponent - bias);
}

struct HalfFormat {
  using Number = Half;
  static constexpr int exponent_bits = 5, fraction_bits = 10;
  static Half round(float x) { return to_half(x); }
};

struct BFloat16Format {
  using Number = BFloat16;
  static constexpr int exponent_bits = 8, fraction_bits = 7;
  static BFloat16 round(float x) { return to_bfloat16(x); }
};

template <class Format>
class SmallFloat : public ::testing::Test {
 protected:
  static double value(std::uint32_t bits) {
    return defined_value(bits, Format::exponent_bits, Format::fraction_bits);
  }
  static constexpr std::uint32_t infinity = ((1u << Format::exponent_bits) - 1) << Format::fraction_bits;

  // The nearest pattern by search; of two equally near ones the even. Beyond the largest finite number the
  // next step of the same size, which the infinity stands for.
  static std::uint32_t nearest(float x) {
    const std::uint32_t sign = std::signbit(x) ? 0x8000u : 0;
    const double magnitude = std::fabs(static_cast<double>(x));
    std::uint32_t low = 0, high = infinity;  // value(low) <= magnitude, value(high) > magnitude
    if (magnitude == std::numeric_limits<double>::infinity()) return sign | infinity;
    while (high - low > 1) {
      const std::uint32_t middle = (low + high) / 2;
      (value(middle) <= magnitude ? low : high) = middle;
    }
    const double above = high == infinity ? 2 * value(low) - value(low - 1) : value(high);
    const double down = magnitude - value(low), up = above - magnitude;
    const bool take_high = up < down || (up == down && (high & 1) == 0);
    return sign | (take_high ? high : low);
  }
};

using Formats = ::testing::Types<HalfFormat, BFloat16Format>;
TYPED_TEST_SUITE(SmallFloat, Formats);

TYPED_TEST(SmallFloat, EveryPatternHasItsDefinedValueAndComesBack) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const typename TypeParam::Number number{static_cast<std::uint16_t>(bits)};
    const float x = to_float(number);
    const double expected = this->value(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(x)) << bits;
      const std::uint16_t back = TypeParam::round(x).bits;
      ASSERT_TRUE(std::isnan(this->value(back))) << bits;
      ASSERT_EQ(back & 0x8000u, bits & 0x8000u) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(x), expected) << bits;
      ASSERT_EQ(std::signbit(x), (bits & 0x8000u) != 0) << bits;
      ASSERT_EQ(TypeParam::round(x).bits, bits);
    }
  }
}

TYPED_TEST(SmallFloat, RoundsToNearestEven) {
  std::vector<float> inputs;
  for (std::uint32_t bits = 0; bits < this->infinity; ++bits) {  // around every number and every midpoint
    const double here = this->value(bits);
    const double next = bits + 1 == this->infinity ? 2 * here - this->value(bits - 1) : this->value(bits + 1);
    for (const double x : {here, (here + next) / 2}) {
      const auto centre = static_cast<float>(x);
      inputs.insert(inputs.end(), {centre, std::nextafterf(centre, 0), std::nextafterf(centre, INFINITY)});
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i)
    inputs.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  for (const float x : inputs) {
    if (std::isnan(x)) continue;
    ASSERT_EQ(TypeParam::round(x).bits, this->nearest(x)) << x;
    ASSERT_EQ(TypeParam::round(-x).bits, this->nearest(-x)) << -x;
  }
}

TYPED_TEST(SmallFloat, SpecialNumbers) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(TypeParam::round(kInfinity).bits, this->infinity);
  EXPECT_EQ(TypeParam::round(-kInfinity).bits, this->infinity | 0x8000u);
  EXPECT_EQ(TypeParam::round(std::numeric_limits<float>::max()).bits, this->infinity);
  EXPECT_EQ(TypeParam::round(-0.0f).bits, 0x8000u);
  for (std::uint32_t fraction = 1; fraction < (1u << 23); fraction += 4095) {  // never turns into an infinity
    const float nan = std::bit_cast<float>(0x7f800000u | fraction);
    ASSERT_TRUE(std::isnan(to_float(TypeParam::round(nan)))) << fraction;
    ASSERT_TRUE(std::isnan(to_float(TypeParam::round(-nan)))) << fraction;
  }
}

#if defined(__FLT16_MANT_DIG__) && defined(__GNUC__) && !defined(__clang__)
TEST(Half, AgreesWithTheCompilersHalf) {
  __extension__ typedef _Float16 CompilersHalf;
  std::mt19937 random(2);
  for (int i = 0; i < 1000000; ++i) {
    // Half of them in the range of half precision, where random patterns hardly ever fall.
    std::uint32_t bits = static_cast<std::uint32_t>(random());
    if (i % 2 == 0) bits = (bits & 0x807fffffu) | ((0x60u + (bits >> 23) % 0x33u) << 23);
    const float x = std::bit_cast<float>(bits);
    if (std::isnan(x)) continue;
    const auto expected = static_cast<CompilersHalf>(x);
    ASSERT_EQ(to_half(x).bits, std::bit_cast<std::uint16_t>(expected)) << x;
    ASSERT_EQ(to_float(to_half(x)), static_cast<float>(expected)) << x;
  }
}
#endif

static_assert(to_half(1.0f).bits == 0x3c00 && to_float(Half{0x3c00}) == 1.0f);
static_assert(to_bfloat16(1.0f).bits == 0x3f80 && to_float(BFloat16{0x3f80}) == 1.0f);

}  // namespace
}  // namespace msrnn
