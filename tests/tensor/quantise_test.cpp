#include "tensor/quantise.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tensor/block_writer.h"
#include "tensor/golden_types.h"

namespace msrnn {
namespace {

constexpr int kRow = 256;

std::string read(const std::string& name) { return test::read_golden("quantise/" + name); }

std::vector<float> golden_numbers() {
  const std::string bytes = read("numbers.f32");
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<std::byte> quantised(DType type, std::span<const float> numbers) {
  const auto n = static_cast<std::int64_t>(numbers.size());
  std::vector<std::byte> blocks(static_cast<std::size_t>(stored_bytes(type, n)));
  quantise(type, numbers.data(), n, blocks.data());
  return blocks;
}

double rms(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v) * v;
  return std::sqrt(sum / static_cast<double>(x.size()));
}

double error_of(DType type, std::span<const float> numbers) {
  std::vector<float> errors(numbers.size());
  const auto blocks = quantised(type, numbers);
  dequantise(type, blocks.data(), static_cast<std::int64_t>(numbers.size()), errors.data());
  for (std::size_t i = 0; i < numbers.size(); ++i) errors[i] -= numbers[i];
  return rms(errors);
}

class EveryType : public ::testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(Quantise, EveryType, ::testing::ValuesIn(test::every_type()), test::type_name);

class BlockType : public ::testing::TestWithParam<DType> {};

std::vector<DType> types_with_blocks() {
  std::vector<DType> types = test::every_type();
  std::erase_if(types, [](DType type) { return !is_quantised(type); });
  return types;
}

INSTANTIATE_TEST_SUITE_P(Quantise, BlockType, ::testing::ValuesIn(types_with_blocks()), test::type_name);

TEST_P(BlockType, PutsTogetherWhatWasTakenApart) {
  std::mt19937_64 random(7);
  const auto size = static_cast<std::size_t>(traits(GetParam()).block_bytes);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> stored(size), again(size);
    for (std::byte& b : stored) b = static_cast<std::byte>(random() >> 56);
    QuantisedBlock block{};
    take_apart(GetParam(), stored.data(), block);
    put_together(GetParam(), block, again.data());
    ASSERT_EQ(stored, again);
  }
}

// What was once quantised loses nothing more that matters: the codes' own values lie on the grid.
TEST_P(EveryType, SecondRoundChangesLittle) {
  const std::vector<float> numbers = golden_numbers();
  for (std::size_t row = 0; row < numbers.size() / kRow; ++row) {
    const std::span<const float> x = std::span(numbers).subspan(row * kRow, kRow);
    std::vector<float> once(kRow);
    dequantise(GetParam(), quantised(GetParam(), x).data(), kRow, once.data());
    EXPECT_LE(error_of(GetParam(), once), error_of(GetParam(), x) + 5e-3 * rms(x)) << "row " << row;
  }
}

TEST_P(EveryType, BlocksDoNotDependOnTheirNeighbours) {
  const std::vector<float> numbers = golden_numbers();
  const auto all = quantised(GetParam(), numbers);
  const auto row_bytes = static_cast<std::size_t>(stored_bytes(GetParam(), kRow));
  for (std::size_t row = 0; row < numbers.size() / kRow; ++row) {
    const auto alone = quantised(GetParam(), std::span(numbers).subspan(row * kRow, kRow));
    EXPECT_TRUE(std::ranges::equal(alone, std::span(all).subspan(row * row_bytes, row_bytes)));
  }
}

class EqualType : public ::testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(Quantise, EqualType,
                         ::testing::Values(DType::f16, DType::bf16, DType::q8_0, DType::q4_0, DType::q4_1,
                                           DType::q5_0, DType::q5_1),
                         test::type_name);

TEST_P(EqualType, IsWhatTheGgufPackageWrites) {
  const std::string expected = read(std::string(traits(GetParam()).name) + ".bin");
  const auto found = quantised(GetParam(), golden_numbers());
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(static_cast<unsigned char>(expected[i]), static_cast<unsigned>(found[i])) << "byte " << i;
  }
}

// errors.tsv: a line of types, then a line for each row of numbers.
TEST(SearchedTypes, AreAsGoodAsLlamaCpp) {
  const std::vector<float> numbers = golden_numbers();
  std::istringstream table(read("errors.tsv"));
  std::string line, name;
  std::getline(table, line);
  std::istringstream header(line);
  std::vector<DType> types;
  while (header >> name) {
    const auto all = test::every_type();
    const auto type = std::ranges::find(all, name, [](DType t) { return std::string(traits(t).name); });
    ASSERT_NE(type, all.end()) << name;
    types.push_back(*type);
  }
  ASSERT_EQ(types.size(), 7u);
  for (std::size_t row = 0; row < numbers.size() / kRow; ++row) {
    const std::span<const float> x = std::span(numbers).subspan(row * kRow, kRow);
    for (const DType type : types) {
      double expected = NAN;
      ASSERT_TRUE(table >> expected);
      // Where there is next to no error, half precision of the scales decides.
      EXPECT_LE(error_of(type, x), 1.05 * expected + 5e-4 * rms(x)) << traits(type).name << ", row " << row;
    }
  }
}

}  // namespace
}  // namespace msrnn
