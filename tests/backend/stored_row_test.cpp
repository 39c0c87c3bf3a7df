// How keys and values are stored: the kernels of every instruction set write the bytes of the definition and
// read what those stand for, from zeros to the largest numbers, and what is no number stays none.
#include "backend/reference/stored_row.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/kernels.h"
#include "base/half.h"
#include "tensor/tensor.h"

namespace msrnn::testing {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16, DType::q8_0};
constexpr int kBlock = traits(DType::q8_0).block_size;

// Row sizes around all vector widths, as the type can have them.
std::vector<int> row_sizes(DType type) {
  if (is_quantised(type)) return {32, 64, 96, 128, 256};
  return {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 80, 128};
}

std::vector<std::byte> stored_by_definition(DType type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(stored_bytes(type, static_cast<std::int64_t>(values.size()))));
  reference::store_row(type, values.data(), static_cast<std::int32_t>(values.size()), bytes.data());
  return bytes;
}

std::vector<float> dequantised(DType type, const std::vector<std::byte>& bytes, int n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  dequantise(type, bytes.data(), n, values.data());
  return values;
}

std::vector<float> random_row(int n, float scale, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& x : values) x = normal(engine) * scale;
  return values;
}

class StoredRow : public ::testing::TestWithParam<const cpu::Kernels*> {
 protected:
  std::vector<std::byte> stored(DType type, const std::vector<float>& values) const {
    const int n = static_cast<int>(values.size());
    std::vector<std::byte> bytes(static_cast<std::size_t>(stored_bytes(type, n)));
    GetParam()->attention.store(type, values.data(), n, bytes.data());
    return bytes;
  }
  std::vector<float> loaded(DType type, const std::vector<std::byte>& bytes, int n) const {
    std::vector<float> values(static_cast<std::size_t>(n));
    GetParam()->attention.load(type, bytes.data(), n, values.data());
    return values;
  }
};

TEST_P(StoredRow, IsTheDefinitionAtEveryMagnitude) {
  unsigned seed = 0;
  for (const DType type : kTypes) {
    for (const int n : row_sizes(type)) {
      // Down to where all is zero, and up to the largest number of each type.
      for (int exponent = -149; exponent <= (type == DType::f16 ? 12 : 19); ++exponent) {
        const auto values = random_row(n, std::ldexp(1.0f, exponent), ++seed);
        const auto bytes = stored(type, values);
        ASSERT_EQ(bytes, stored_by_definition(type, values))
            << traits(type).name << " " << n << " 2^" << exponent;
        ASSERT_EQ(loaded(type, bytes, n), dequantised(type, bytes, n)) << traits(type).name << " " << n;
      }
    }
  }
}

TEST_P(StoredRow, HasTheStatedError) {
  for (int exponent = -149; exponent <= 19; ++exponent) {
    for (unsigned seed = 1; seed < 20; ++seed) {
      const auto values = random_row(kBlock, std::ldexp(1.0f, exponent), seed);
      const auto found = loaded(DType::q8_0, stored(DType::q8_0, values), kBlock);
      double largest = 0;
      for (const float x : values) largest = std::max(largest, std::abs(double{x}));
      const double half_step = largest / 254 * (1 + 0x1p-11);
      const double bound = largest / 127 >= 0x1p-14 ? half_step : half_step + 0x1p-18;
      for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_LE(std::abs(double{found[i]} - double{values[i]}), bound) << largest;
      }
    }
  }
}

// Halfway between codes, zeros of both signs, one number alone, the largest that there are.
TEST_P(StoredRow, IsTheDefinitionAtTheEdges) {
  std::vector<std::vector<float>> rows(6, std::vector<float>(2 * kBlock, 0.0f));
  rows[1].assign(2 * kBlock, -0.0f);
  for (int i = 0; i < 2 * kBlock; ++i) rows[2][static_cast<std::size_t>(i)] = static_cast<float>(i) - 31.5f;
  rows[2][0] = 127;
  rows[2][kBlock] = -127;
  rows[3][17] = std::numeric_limits<float>::denorm_min();
  rows[4][5] = 127.0f * 65504;
  rows[4][40] = -127.0f * 65504;
  rows[5][5] = std::numeric_limits<float>::min();
  for (const std::vector<float>& row : rows) {
    const auto bytes = stored(DType::q8_0, row);
    ASSERT_EQ(bytes, stored_by_definition(DType::q8_0, row));
    ASSERT_EQ(loaded(DType::q8_0, bytes, 2 * kBlock), dequantised(DType::q8_0, bytes, 2 * kBlock));
  }
  EXPECT_EQ(loaded(DType::q8_0, stored(DType::q8_0, rows[1]), 2 * kBlock), rows[0]);
  EXPECT_EQ(loaded(DType::q8_0, stored(DType::q8_0, rows[4]), 2 * kBlock), rows[4]);
}

TEST_P(StoredRow, WhatIsNoNumberStaysNone) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(),
                  kInfinity = std::numeric_limits<float>::infinity();
  for (const DType type : kTypes) {
    for (int at = 0; at < 2 * kBlock; ++at) {
      for (const float bad : {kNan, -kNan, kInfinity, -kInfinity, 3e38f}) {
        auto values = random_row(2 * kBlock, 1, 3);
        values[static_cast<std::size_t>(at)] = bad;
        for (const auto& bytes : {stored(type, values), stored_by_definition(type, values)}) {
          const auto found = loaded(type, bytes, 2 * kBlock);
          if (type == DType::f32 || type == DType::bf16 || (type == DType::f16 && std::isnan(bad))) {
            EXPECT_EQ(std::isnan(found[static_cast<std::size_t>(at)]), std::isnan(bad));
          } else {
            EXPECT_FALSE(std::isfinite(found[static_cast<std::size_t>(at)]))
                << traits(type).name << " " << bad;
          }
          const int other_block = at < kBlock ? kBlock : 0;
          for (int i = other_block; i < other_block + kBlock; ++i) {
            EXPECT_TRUE(std::isfinite(found[static_cast<std::size_t>(i)]));
          }
        }
      }
    }
  }
}

// All scales that a file may hold, and all codes.
TEST_P(StoredRow, ReadsEveryBlock) {
  std::vector<std::byte> bytes;
  std::mt19937 engine(5);
  for (std::uint32_t scale = 0; scale < 65536; ++scale) {
    if ((scale & 0x7c00) == 0x7c00) continue;  // no finite number
    bytes.push_back(static_cast<std::byte>(scale & 255));
    bytes.push_back(static_cast<std::byte>(scale >> 8));
    for (int i = 0; i < kBlock; ++i) bytes.push_back(static_cast<std::byte>(engine() & 255));
  }
  const int n = static_cast<int>(bytes.size()) / 34 * kBlock;
  ASSERT_EQ(loaded(DType::q8_0, bytes, n), dequantised(DType::q8_0, bytes, n));
}

TEST_P(StoredRow, PanelsAreTransposedRows) {
  for (const DType type : kTypes) {
    for (const int head_dim : row_sizes(type)) {
      for (const int n_rows : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32}) {
        const auto values = random_row(n_rows * head_dim, 1, static_cast<unsigned>(n_rows));
        const auto bytes = stored_by_definition(type, values);
        const auto expected = dequantised(type, bytes, n_rows * head_dim);
        std::vector<float> panel(static_cast<std::size_t>(head_dim * cpu::kKeyPanel), -7.0f);
        GetParam()->attention.load_panel(type, bytes.data(), n_rows, head_dim, panel.data());
        for (int d = 0; d < head_dim; ++d) {
          for (int c = 0; c < cpu::kKeyPanel; ++c) {
            const float found = panel[static_cast<std::size_t>(d * cpu::kKeyPanel + c)];
            ASSERT_EQ(found, c < n_rows ? expected[static_cast<std::size_t>(c * head_dim + d)] : 0)
                << traits(type).name << " " << head_dim << " row " << c << " number " << d;
          }
        }
      }
    }
  }
}

// Scores of `slots` keys, of which some are not seen, by `group` queries.
std::vector<float> scores(const cpu::AttentionKernels& kernels, DType type,
                          const std::vector<std::byte>& keys, int slots, int head_dim, int group) {
  const auto q = random_row(group * head_dim, 1, 3);
  std::vector<Slot> entries(static_cast<std::size_t>(slots));
  for (int s = 0; s < slots; ++s) entries[static_cast<std::size_t>(s)] = {s % 5 == 3 ? kEmpty : s, 0};
  const auto stride = cpu::aligned_columns(slots);
  std::vector<float> found(static_cast<std::size_t>(group * stride)),
      largest(static_cast<std::size_t>(group));
  const Buffer panel(static_cast<std::size_t>((head_dim + cpu::kPanelRows) * cpu::kPanelRowBytes));
  cpu::SlotChunk chunk{};
  chunk.q = q.data();
  chunk.keys = keys.data();
  chunk.key_type = type;
  chunk.slots = entries.data();
  chunk.group = group;
  chunk.head_dim = head_dim;
  chunk.end = chunk.ahead_end = slots;
  chunk.values = chunk.after_keys = chunk.after_values = keys.data();
  chunk.panel = panel.data();
  chunk.exponentials = found.data();
  chunk.exponentials_stride = stride;
  kernels.score_slots(chunk, largest.data());
  found.insert(found.end(), largest.begin(), largest.end());
  return found;
}

TEST_P(StoredRow, ScoresAreThoseOfTheNumbersThatTheBytesStandFor) {
  for (const DType type : {DType::f16, DType::bf16, DType::q8_0}) {
    for (const int head_dim : row_sizes(type)) {
      for (const int slots : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 128}) {
        for (const int group : {1, 3, 7, 8}) {
          const int n = slots * head_dim;
          const auto bytes = stored_by_definition(type, random_row(n, 1, static_cast<unsigned>(n)));
          const auto numbers = stored_by_definition(DType::f32, dequantised(type, bytes, n));
          const cpu::AttentionKernels& kernels = GetParam()->attention;
          ASSERT_EQ(scores(kernels, type, bytes, slots, head_dim, group),
                    scores(kernels, DType::f32, numbers, slots, head_dim, group))
              << traits(type).name << " " << head_dim << ", " << slots << " slots, group of " << group;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, StoredRow, ::testing::ValuesIn(cpu::supported_kernels()),
                         [](const auto& param) { return std::string(param.param->isa); });

}  // namespace
}  // namespace msrnn::testing
