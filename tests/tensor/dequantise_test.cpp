#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/dtype.h"
#include "tensor/golden_types.h"

namespace msrnn {
namespace {

// 0 · infinity is a NaN whose sign and payload no standard defines.
std::vector<std::uint32_t> with_one_nan(std::vector<std::uint32_t> bits) {
  for (std::uint32_t& number : bits) {
    if ((number & 0x7fffffffu) > 0x7f800000u) number = 0x7fc00000u;
  }
  return bits;
}

std::vector<std::uint32_t> dequantised_bits(DType type, const char* blocks, std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  dequantise(type, reinterpret_cast<const std::byte*>(blocks), n, values.data());
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return with_one_nan(std::move(bits));
}

class Golden : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    const std::string name(traits(GetParam()).name);
    stored_ = test::read_golden(name + ".bin");
    const std::string values = test::read_golden(name + ".f32");
    expected_.resize(values.size() / sizeof(std::uint32_t));
    ASSERT_FALSE(expected_.empty());
    std::memcpy(expected_.data(), values.data(), values.size());
    expected_ = with_one_nan(std::move(expected_));
    ASSERT_EQ(stored_bytes(GetParam(), n()), static_cast<std::int64_t>(stored_.size()));
  }
  std::int64_t n() const { return static_cast<std::int64_t>(expected_.size()); }

  std::string stored_;
  std::vector<std::uint32_t> expected_;
};

TEST_P(Golden, IsMetBitForBit) {
  const auto bits = dequantised_bits(GetParam(), stored_.data(), n());
  for (std::size_t i = 0; i < expected_.size(); ++i) ASSERT_EQ(bits[i], expected_[i]) << i;
}

TEST_P(Golden, IsMetBlockByBlockAtAnyAddress) {
  const auto [name, block_size, block_bytes] = traits(GetParam());
  std::vector<char> moved(static_cast<std::size_t>(block_bytes) + 8);
  for (std::int64_t block = 0; block < n() / block_size; ++block) {
    for (std::size_t shift = 0; shift < 4; ++shift) {
      std::memcpy(moved.data() + shift, stored_.data() + block * block_bytes,
                  static_cast<std::size_t>(block_bytes));
      const auto bits = dequantised_bits(GetParam(), moved.data() + shift, block_size);
      const auto expected = expected_.begin() + block * block_size;
      ASSERT_EQ(bits, std::vector<std::uint32_t>(expected, expected + block_size)) << block;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dequantise, Golden, ::testing::ValuesIn(test::every_type()),
                         [](const auto& test) { return std::string(traits(test.param).name); });

}  // namespace
}  // namespace msrnn
