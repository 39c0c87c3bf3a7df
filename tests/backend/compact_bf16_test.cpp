// The compact layout of bf16 weights: taken apart again by what layout.h says, and multiplied beside plain
// ones.
#include "backend/cpu/compact_bf16.h"

#include <gtest/gtest.h>

#include "backend/cpu/kernels.h"
#include "backend/cpu/packed_weight.h"
#include "matrix_lab.h"

namespace msrnn::cpu {
namespace {

using msrnn::testing::StoredMatrix;

void set_bits(const StoredMatrix& stored, std::int64_t row, std::int64_t col, std::uint16_t bits) {
  std::memcpy(const_cast<std::byte*>(stored.view().row(row)) + 2 * col, &bits, sizeof bits);
}

// Pattern of a number, 0 for padding.
std::uint16_t stored_bits(const TensorView& stored, std::int64_t row, std::int64_t col) {
  std::uint16_t bits = 0;
  if (row < stored.rows && col < stored.cols) std::memcpy(&bits, stored.row(row) + 2 * col, sizeof bits);
  return bits;
}

// The number at a place of a compact group, exceptions apart.
std::uint16_t unpacked_bits(const std::byte* group, int r, std::int64_t c) {
  const std::byte* eight = group + 64 + c / 32 * 768 + c % 32 / 8 * 192;
  const auto half = c % 8 / 4, at = r / 4 * 16 + c % 4 / 2 * 8 + r % 4 * 2 + c % 2;
  const int code = static_cast<int>(eight[at]) >> (4 * half) & 15;
  const int low = static_cast<int>(eight[64 + 64 * half + at]);
  const int high = static_cast<int>(group[r / 4 * 16 + code]);
  return static_cast<std::uint16_t>(high << 8 | low);
}

void expect_round_trip(const TensorView& stored, const CompactBFloat16& packed) {
  for (std::int64_t g = 0; g < n_groups(stored.rows); ++g) {
    const std::byte* group = packed.groups.data() + g * compact_group_bytes(stored.cols);
    const BFloat16Exception* exception = packed.of_groups[static_cast<std::size_t>(g)];
    for (std::int64_t b = 0; b < n_blocks(stored.cols); ++b) {
      std::vector<std::uint16_t> block(512);  // as in the plain layout
      for (int i = 0; i < 512; ++i) {
        block[static_cast<std::size_t>(i)] = unpacked_bits(group, i / 2 % 16, 32 * b + i / 32 * 2 + i % 2);
      }
      for (; exception->block == b; ++exception) block[exception->place] = exception->bits;
      for (int i = 0; i < 512; ++i) {
        ASSERT_EQ(block[static_cast<std::size_t>(i)],
                  stored_bits(stored, 16 * g + i / 2 % 16, 32 * b + i / 32 * 2 + i % 2))
            << "group " << g << " block " << b << " place " << i;
      }
    }
    ASSERT_EQ(exception->block, BFloat16Exception::kNoBlock);
  }
}

TEST(CompactBFloat16, RandomNumbersOfEverySizeComeBack) {
  ThreadPool pool(2);
  for (const std::int64_t rows : {1, 4, 15, 16, 17, 49}) {
    for (const std::int64_t cols : {1, 2, 31, 32, 33, 96, 576}) {
      StoredMatrix stored(DType::bf16, rows, cols, 1);
      stored.randomise(static_cast<unsigned>(rows * 1000 + cols));
      const auto packed = pack_compact(stored.view(), pool);
      if (rows * cols > 512) {
        ASSERT_TRUE(packed);
      }
      if (packed) {
        ASSERT_NO_FATAL_FAILURE(expect_round_trip(stored.view(), *packed));
      }
    }
  }
}

TEST(CompactBFloat16, EveryPatternComesBackAtEveryPlace) {
  ThreadPool pool(2);
  std::int64_t at = 0;
  // 128 patterns a matrix, so few that those which are exceptions do not keep it plain.
  for (int first = 0; first < 0x10000; first += 128) {
    StoredMatrix stored(DType::bf16, 33, 2048);
    stored.randomise(static_cast<unsigned>(first));
    for (int i = 0; i < 128; ++i, at += 527) {
      const std::int64_t place = at % (33 * 2048);
      set_bits(stored, place / 2048, place % 2048, static_cast<std::uint16_t>(first + i));
    }
    const auto packed = pack_compact(stored.view(), pool);
    ASSERT_TRUE(packed);
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(stored.view(), *packed));
  }
}

TEST(CompactBFloat16, StaysPlainWhereManyExponentsOccur) {
  ThreadPool pool(1);
  StoredMatrix stored(DType::bf16, 32, 256);
  std::mt19937 random(1);
  for (int r = 0; r < 32; ++r) {
    for (int c = 0; c < 256; ++c) set_bits(stored, r, c, static_cast<std::uint16_t>(random()));
  }
  EXPECT_FALSE(pack_compact(stored.view(), pool));
  const PackedWeight plain(stored.view(), pool, BFloat16Layout::floats);
  EXPECT_FALSE(plain.is_compact());
  EXPECT_EQ(plain.bytes(), 32u * 256 * 2);
  stored.randomise(2);
  const PackedWeight compact(stored.view(), pool, BFloat16Layout::floats);
  EXPECT_TRUE(compact.is_compact());
  EXPECT_LT(compact.bytes(), 32u * 256 * 2 * 4 / 5);
}

class CompactProductTest : public ::testing::TestWithParam<const Kernels*> {};

// The same bits as plain numbers give, with exceptions in some blocks, for tiles and groups of every size.
TEST_P(CompactProductTest, EqualsThePlainProduct) {
  constexpr std::int64_t kRows = 7 * 16, kCols = 640;
  const MatmulKernels& kernels = GetParam()->matmul;
  ThreadPool pool(1);
  StoredMatrix stored(DType::bf16, kRows, kCols);
  stored.randomise(5);
  std::mt19937 random(6);
  for (int i = 0; i < 90; ++i) {
    const auto tiny = static_cast<std::uint16_t>(random() % 0x1000 | (random() % 2 << 15));
    set_bits(stored, static_cast<std::int64_t>(random() % kRows), static_cast<std::int64_t>(random() % kCols),
             i % 3 == 0 ? 0x7000 : tiny);
  }
  const PackedWeight weight(stored.view(), pool, BFloat16Layout::floats);
  ASSERT_TRUE(weight.is_compact());
  ASSERT_GE(weight.groups(0, 7).exceptions[6] - weight.groups(0, 7).exceptions[0], 30);
  std::vector<std::uint16_t> plain(kRows * kCols);
  for (std::int64_t i = 0; i < kRows * kCols; ++i) {
    const std::int64_t row = i / (16 * kCols) * 16 + i / 2 % 16;
    plain[static_cast<std::size_t>(i)] = stored_bits(stored.view(), row, i % (16 * kCols) / 32 * 2 + i % 2);
  }
  const auto* plain_groups = reinterpret_cast<const std::byte*>(plain.data());
  for (const int tokens : {1, 2, 4, 8, 16}) {
    Buffer tile(
        static_cast<std::size_t>(tokens * n_blocks(kCols) * input_bytes(kernels.input_format(DType::bf16))));
    for (int t = 0; t < tokens; ++t) {
      const auto x = msrnn::testing::random_numbers(kCols, static_cast<unsigned>(t));
      kernels.encode[static_cast<std::size_t>(kernels.input_format(DType::bf16))](x.data(), kCols,
                                                                                  tile.data(), tokens, t);
    }
    for (const int groups : {1, 2, 3, 4, 7}) {
      std::vector<float> found(static_cast<std::size_t>(groups * tokens * 16), NAN), expected = found;
      kernels.compact_bf16.product(weight.groups(7 - groups, groups), tile.data(), tokens, found.data());
      kernels.products[static_cast<std::size_t>(DType::bf16)].product(
          {plain_groups + (7 - groups) * kCols * 32, kCols * 32, groups, n_blocks(kCols), nullptr},
          tile.data(), tokens, expected.data());
      ASSERT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)), 0)
          << tokens << " tokens, " << groups << " groups";
    }
  }
}

// Those that multiply bf16 weights as they are.
std::vector<const Kernels*> float_kernels(Precision precision) {
  std::vector<const Kernels*> found = supported_kernels(precision);
  std::erase_if(found, [](const Kernels* k) { return k->matmul.bf16_layout != BFloat16Layout::floats; });
  return found;
}

std::string isa_name(const ::testing::TestParamInfo<const Kernels*>& info) {
  return std::string(info.param->isa);
}
INSTANTIATE_TEST_SUITE_P(Exact, CompactProductTest, ::testing::ValuesIn(float_kernels(Precision::exact)),
                         isa_name);
INSTANTIATE_TEST_SUITE_P(Mixed, CompactProductTest, ::testing::ValuesIn(float_kernels(Precision::mixed)),
                         isa_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CompactProductTest);

}  // namespace
}  // namespace msrnn::cpu
