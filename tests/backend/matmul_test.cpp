// Matrix products of the cpu device, every instruction set this processor has, against sums in double.
#include "backend/cpu/matmul.h"

#include <gtest/gtest.h>

#include "backend/cpu/inputs.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/packed_weight.h"
#include "matrix_lab.h"
#include "tensor/dtype.h"

namespace msrnn::cpu {
namespace {

using msrnn::testing::kAllTypes;
using msrnn::testing::random_numbers;
using msrnn::testing::StoredMatrix;
using msrnn::testing::width_from;

// x · Wᵀ: [n_tokens][rows].
std::vector<float> multiply(const Kernels& kernels, ThreadPool& pool, const PackedWeight& weight,
                            std::vector<float> x, std::int64_t n_tokens) {
  std::vector<float> out(static_cast<std::size_t>(n_tokens * weight.rows()), NAN);
  InputSet inputs(kernels.matmul, pool);
  inputs.encode({x.data(), n_tokens, weight.cols()}, {&weight});
  const Projection projection{weight, inputs.of(weight), {out.data(), n_tokens, weight.rows()}};
  ExpandedMemory memory(pool);
  project(pool, kernels.matmul, memory, std::span(&projection, 1),
          [](float* to, const float* from, int n) { std::copy_n(from, n, to); });
  return out;
}

// What the numbers of a weight are as the device keeps it: bf16 as integers are multiples of 2⁻¹¹ times the
// power of two above the largest of each 32.
std::vector<float> kept_values(const MatmulKernels& kernels, const StoredMatrix& stored) {
  std::vector<float> values = stored.values();
  const TensorView& w = stored.view();
  if (w.dtype != DType::bf16 || kernels.bf16_layout == BFloat16Layout::floats) return values;
  for (std::int64_t r = 0; r < w.rows; ++r) {
    for (std::int64_t c = 0; c < w.cols; c += kBlockCols) {
      const std::span block(values.data() + r * w.cols + c,
                            static_cast<std::size_t>(std::min<std::int64_t>(kBlockCols, w.cols - c)));
      double above = 0x1p-115;  // smaller units are not kept
      for (const float x : block) {
        while (above <= std::abs(x)) above *= 2;
      }
      for (float& x : block) x = static_cast<float>(std::nearbyint(x / above * 2048) * above / 2048);
    }
  }
  return values;
}

// What the format of the activations may change number x of a block whose largest magnitude is given: half a
// step of int8, or of two planes one step of the second int8, which is a 256th of one of the first (half a
// step where it is not at its end), and twice the last bit of bf16 (2⁻⁸), exactly representable numbers
// excepted.
double input_error(InputFormat format, double x, double largest) {
  if (format == InputFormat::int8) return largest / 127 * 0.5001 + largest * 0x1p-23;
  if (format == InputFormat::int12) return largest / 127 / 16 * 0.5001 + largest * 0x1p-23;
  if (format == InputFormat::int8_pair || format == InputFormat::int16)
    return largest / 127 / 256 * 1.001 + largest * 0x1p-23;
  if (format == InputFormat::bf16) return std::abs(x) * 0x1p-8;
  return format == InputFormat::bf16_pair ? std::abs(x) * 0x1p-16 : 0;
}

// The largest magnitude of each 32 numbers.
std::vector<double> block_magnitudes(const float* x, std::int64_t cols) {
  std::vector<double> largest(static_cast<std::size_t>(n_blocks(cols)));
  for (std::int64_t c = 0; c < cols; ++c) {
    double& of_block = largest[static_cast<std::size_t>(c / kBlockCols)];
    of_block = std::max(of_block, std::abs(double{x[c]}));
  }
  return largest;
}

// In which blocks of a row mixed precision may drop the second plane: where at least half of each 128 blocks
// have larger numbers.
std::vector<bool> may_be_thin(const std::vector<double>& largest) {
  constexpr std::size_t kTogether = 128;
  std::vector<bool> thin(largest.size());
  for (std::size_t b = 0; b < thin.size(); ++b) {
    const std::size_t begin = b / kTogether * kTogether, end = std::min(thin.size(), begin + kTogether);
    const auto larger = std::count_if(largest.begin() + static_cast<std::ptrdiff_t>(begin),
                                      largest.begin() + static_cast<std::ptrdiff_t>(end),
                                      [&](double other) { return other > largest[b]; });
    thin[b] = 2 * static_cast<std::size_t>(larger) >= end - begin;
  }
  return thin;
}

enum class Activations { any, representable };

// Numbers that every format holds exactly: whole multiples of one step, up to 127 of them in every block.
std::vector<float> representable_numbers(std::int64_t n_tokens, std::int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(static_cast<std::size_t>(n_tokens * cols));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto col = static_cast<std::int64_t>(i) % cols;
    const int whole = col % kBlockCols == 0 ? 127 : static_cast<int>(random() % 255) - 127;
    x[i] = static_cast<float>(whole) * 0.0625f;
  }
  return x;
}

void expect_products(const Kernels& kernels, const StoredMatrix& stored, const std::vector<float>& x,
                     std::int64_t n_tokens, Activations activations) {
  ThreadPool pool(1);
  const TensorView& w = stored.view();
  const std::vector<float> values = kept_values(kernels.matmul, stored), magnitudes = stored.magnitudes();
  const PackedWeight weight(w, pool, kernels.matmul.bf16_layout);
  const std::vector<float> out = multiply(kernels, pool, weight, x, n_tokens);
  const InputFormat format = kernels.matmul.input_format(w.dtype);
  const bool thins = kernels.matmul.thin != nullptr && format == InputFormat::int8_pair;
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    const std::vector<double> largest = block_magnitudes(x.data() + t * w.cols, w.cols);
    const std::vector<bool> thin = thins ? may_be_thin(largest) : std::vector<bool>(largest.size());
    for (std::int64_t r = 0; r < w.rows; ++r) {
      double sum = 0, magnitude = 0, bound = 0;
      for (std::int64_t c = 0; c < w.cols; ++c) {
        const auto block = static_cast<std::size_t>(c / kBlockCols);
        const double a = values[static_cast<std::size_t>(r * w.cols + c)];
        const double b = x[static_cast<std::size_t>(t * w.cols + c)];
        sum += a * b;
        magnitude += double{magnitudes[static_cast<std::size_t>(r * w.cols + c)]} * std::abs(b);
        if (activations == Activations::any) {
          bound += std::abs(a) * input_error(thin[block] ? InputFormat::int8 : format, b, largest[block]);
        }
      }
      bound += magnitude * (static_cast<double>(w.cols) + 8) * 0x1p-24;
      const double found = out[static_cast<std::size_t>(t * w.rows + r)];
      ASSERT_NEAR(found, sum, bound + 1e-30)
          << kernels.isa << " " << traits(w.dtype).name << " rows " << w.rows << " cols " << w.cols
          << " tokens " << n_tokens << " at token " << t << " row " << r;
    }
  }
}

std::vector<std::int64_t> widths(DType type) {
  if (traits(type).block_size == 256) return {256, 512};
  if (is_quantised(type)) return {32, 64, 96, 576};
  return {1, 5, 31, 32, 33, 64, 96, 576};
}

class MatmulTest : public ::testing::TestWithParam<const Kernels*> {};

TEST_P(MatmulTest, EverySizeAroundTheTiles) {
  unsigned seed = 1;
  for (const DType type : kAllTypes) {
    for (const std::int64_t cols : widths(type)) {
      for (const std::int64_t rows : {1, 15, 16, 17, 33}) {
        StoredMatrix stored(type, rows, cols);
        stored.randomise(++seed);
        const std::int64_t most = cols >= 512 && rows != 33 ? 3 : 17;
        for (std::int64_t tokens = 1; tokens <= most; ++tokens) {
          const auto x = representable_numbers(tokens, cols, ++seed);
          ASSERT_NO_FATAL_FAILURE(
              expect_products(*GetParam(), stored, x, tokens, Activations::representable));
        }
      }
      StoredMatrix stored(type, 17, cols);
      stored.randomise(++seed);
      const auto x = random_numbers(static_cast<std::size_t>(33 * cols), ++seed);
      ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 33, Activations::any));
    }
  }
}

// Rows of more blocks than are compared with each other.
TEST_P(MatmulTest, WideRowsOfUnequalBlocks) {
  for (const std::int64_t cols : {4096, 4128, 8224}) {
    StoredMatrix stored(DType::q4_0, 17, cols);
    stored.randomise(21);
    auto x = random_numbers(static_cast<std::size_t>(19 * cols), 22);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= static_cast<float>(1 + i / kBlockCols * 7 % 11);
    ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 19, Activations::any));
  }
}

TEST_P(MatmulTest, ViewsNeedNoAlignment) {
  for (const DType type : kAllTypes) {
    for (const std::size_t misalignment : {1u, 2u, 3u, 32u}) {
      const std::int64_t cols = width_from(type, 64);
      StoredMatrix stored(type, 17, cols, misalignment);
      stored.randomise(7);
      const auto x = representable_numbers(3, cols, 8);
      ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 3, Activations::representable));
    }
  }
}

// Nothing may saturate on the way: every weight and activation at its largest, all signs.
TEST_P(MatmulTest, LargestNumbersDoNotSaturate) {
  for (const DType type : kAllTypes) {
    if (!is_quantised(type)) continue;
    const std::int64_t cols = width_from(type, 64);
    for (const int bits : {0x00, 0x7f, 0x80, 0x81, 0xff, 0x0f, 0xf0}) {
      StoredMatrix stored(type, 16, cols);
      stored.fill([] { return 0.03125f; }, [&] { return static_cast<std::uint8_t>(bits); });
      for (const float sign : {1.0f, -1.0f}) {
        std::vector<float> x(static_cast<std::size_t>(cols), 127.0f * sign);
        ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 1, Activations::representable));
        for (std::size_t i = 0; i < x.size(); i += 2) x[i] = -x[i];
        ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 1, Activations::representable));
      }
    }
  }
}

// One column at a time: every code has its place.
TEST_P(MatmulTest, EveryColumnMeetsItsActivation) {
  ThreadPool pool(1);
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 64);
    StoredMatrix stored(type, 17, cols);
    stored.randomise(13);
    const PackedWeight weight(stored.view(), pool, GetParam()->matmul.bf16_layout);
    const std::vector<float> values = kept_values(GetParam()->matmul, stored);
    const std::vector<float> magnitudes = stored.magnitudes();
    for (std::int64_t c = 0; c < cols; ++c) {
      std::vector<float> x(static_cast<std::size_t>(cols));
      x[static_cast<std::size_t>(c)] = 1;
      const auto out = multiply(*GetParam(), pool, weight, x, 1);
      for (std::int64_t r = 0; r < 17; ++r) {
        const auto i = static_cast<std::size_t>(r * cols + c);
        ASSERT_NEAR(out[static_cast<std::size_t>(r)], values[i], magnitudes[i] * 0x1p-21)
            << traits(type).name << " row " << r << " column " << c;
      }
    }
  }
}

TEST_P(MatmulTest, OutliersHugeTinyAndZeroActivations) {
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 96);
    const auto n = static_cast<std::size_t>(5 * cols);
    StoredMatrix stored(type, 17, cols);
    stored.randomise(3);
    for (const float scale : {0.0f, 1e-38f, 1e-30f, 1e-6f, 1e6f, 1e30f}) {
      const auto x = random_numbers(n, 4, scale);
      ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 5, Activations::any));
    }
    auto x = random_numbers(n, 5);
    for (std::size_t t = 0; t < 5; ++t) x[t * n / 5 + 40 + t] = 10000.0f;
    ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 5, Activations::any));
  }
}

TEST_P(MatmulTest, LargestAndSmallestScales) {
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 64);
    for (const float scale : {65504.0f, 6e-8f, 0.0f}) {
      StoredMatrix stored(type, 16, cols);
      stored.fill([&] { return scale; }, [n = 0]() mutable { return static_cast<std::uint8_t>(n += 37); });
      const auto x = representable_numbers(2, cols, 6);
      ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 2, Activations::representable));
    }
  }
}

// Blocks of all sizes, numbers of which are far smaller than the largest of their block.
TEST_P(MatmulTest, BFloat16OfManyExponents) {
  std::mt19937 random(17);
  for (const std::int64_t cols : {1, 33, 576}) {
    StoredMatrix stored(DType::bf16, 33, cols);
    int middle = 0;
    for (std::int64_t i = 0; i < 33 * cols; ++i) {
      if (i % kBlockCols == 0) middle = static_cast<int>(random() % 120) + 40;
      const auto exponent = static_cast<unsigned>(middle) - random() % 24;
      const auto bits = static_cast<std::uint16_t>((random() & 0x807f) | exponent << 7);
      std::memcpy(const_cast<std::byte*>(stored.view().data) + 2 * i, &bits, sizeof bits);
    }
    const auto x = representable_numbers(19, cols, 18);
    ASSERT_NO_FATAL_FAILURE(expect_products(*GetParam(), stored, x, 19, Activations::representable));
  }
}

// A weight that is no number spoils its row, and no other.
TEST_P(MatmulTest, BFloat16ThatIsNotFinite) {
  ThreadPool pool(1);
  constexpr std::int64_t kRows = 17, kCols = 96, kBad = 5;
  constexpr std::uint16_t kPatterns[] = {0x7f80, 0xff80, 0x7fc0};
  for (const std::uint16_t bits : kPatterns) {
    StoredMatrix stored(DType::bf16, kRows, kCols);
    stored.randomise(19);
    std::memcpy(const_cast<std::byte*>(stored.view().row(kBad)) + 2 * 40, &bits, sizeof bits);
    const PackedWeight weight(stored.view(), pool, GetParam()->matmul.bf16_layout);
    const auto out = multiply(*GetParam(), pool, weight, random_numbers(kCols, 20), 1);
    for (std::int64_t r = 0; r < kRows; ++r) {
      ASSERT_EQ(std::isfinite(out[static_cast<std::size_t>(r)]), r != kBad) << r;
    }
  }
}

TEST_P(MatmulTest, ARowDoesNotDependOnTheOthers) {
  ThreadPool pool(1);
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 160);
    StoredMatrix stored(type, 49, cols);
    stored.randomise(9);
    const PackedWeight weight(stored.view(), pool, GetParam()->matmul.bf16_layout);
    for (const std::int64_t tokens : {2, 7, 16, 31, 47}) {
      const auto x = random_numbers(static_cast<std::size_t>(tokens * cols), 10);
      const auto together = multiply(*GetParam(), pool, weight, x, tokens);
      for (std::int64_t t = 0; t < tokens; ++t) {
        const auto alone =
            multiply(*GetParam(), pool, weight, {x.begin() + t * cols, x.begin() + (t + 1) * cols}, 1);
        ASSERT_EQ(std::memcmp(alone.data(), together.data() + t * 49, 49 * sizeof(float)), 0)
            << GetParam()->isa << " " << traits(type).name << " token " << t << " of " << tokens;
      }
    }
  }
}

// Rows longer than the columns of which whole tiles are multiplied at once, in all numbers of groups taken at
// once.
TEST_P(MatmulTest, ExpandedGroupsGiveTheSameBits) {
  if (GetParam()->matmul.products[static_cast<int>(DType::q4_0)].expand == nullptr) {
    GTEST_SKIP() << GetParam()->isa << " multiplies weights as they are kept";
  }
  ThreadPool pool(1);
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 640);
    StoredMatrix stored(type, 9 * kGroupRows, cols);
    stored.randomise(14);
    const PackedWeight weight(stored.view(), pool, GetParam()->matmul.bf16_layout);
    const MatmulKernels::Products& products = products_of(GetParam()->matmul, weight);
    if (products.expand == nullptr) continue;
    InputSet inputs(GetParam()->matmul, pool);
    auto x = random_numbers(static_cast<std::size_t>(kTileTokens * cols), 15);
    inputs.encode({x.data(), kTileTokens, cols}, {&weight});
    const std::byte* tile = inputs.of(weight).block({0, kTileTokens}, 0);
    for (const int count : {1, 2, 3, 8}) {
      const WeightGroups kept = weight.groups(9 - count, count);
      Buffer memory(static_cast<std::size_t>(count * weight.n_blocks() * products.expanded_block_bytes));
      products.expand(kept, memory.data());
      WeightGroups expanded = kept;
      expanded.first = memory.data();
      expanded.bytes = weight.n_blocks() * products.expanded_block_bytes;
      std::vector<float> expected(static_cast<std::size_t>(count * kTileTokens * kGroupRows), NAN),
          found = expected;
      products.product(kept, tile, kTileTokens, expected.data());
      products.expanded(expanded, tile, kTileTokens, found.data());
      ASSERT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)), 0)
          << traits(type).name << ", " << count << " groups";
    }
  }
}

TEST_P(MatmulTest, ResultsDoNotDependOnThreads) {
  for (const DType type : kAllTypes) {
    const std::int64_t cols = width_from(type, 160);
    StoredMatrix stored(type, 49, cols);
    stored.randomise(11);
    for (const std::int64_t tokens : {1, 16, 100}) {
      const auto x = random_numbers(static_cast<std::size_t>(tokens * cols), 12);
      std::vector<float> first;
      for (const int threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        const PackedWeight weight(stored.view(), pool, GetParam()->matmul.bf16_layout);
        const auto out = multiply(*GetParam(), pool, weight, x, tokens);
        if (first.empty()) first = out;
        ASSERT_EQ(std::memcmp(out.data(), first.data(), out.size() * sizeof(float)), 0) << threads;
      }
    }
  }
}

TEST(WorkSplit, CoversEverythingOnceInWholeTiles) {
  for (const std::int64_t units : {1, 2, 7, 60, 3072}) {
    for (const std::int64_t tokens : {1, 2, 15, 16, 17, 33, 256, 1000}) {
      for (const int threads : {1, 2, 3, 64}) {
        const WorkSplit split(units, tokens, threads);
        std::vector<int> seen(static_cast<std::size_t>(units * tokens));
        for (std::int64_t task = 0; task < split.n_tasks(); ++task) {
          const WorkPart part = split.part(task);
          for (std::int64_t u = part.first_unit; u < part.end_unit; ++u) {
            each_tile(part, tokens, [&](TileSpan tile) {
              for (std::int64_t t = 0; t < tile.n_tokens; ++t) {
                ++seen[static_cast<std::size_t>(u * tokens + tile.first_token + t)];
              }
            });
          }
        }
        ASSERT_EQ(std::count(seen.begin(), seen.end(), 1), units * tokens)
            << units << " " << tokens << " " << threads;
      }
    }
  }
}

std::string isa_name(const ::testing::TestParamInfo<const Kernels*>& info) {
  return std::string(info.param->isa);
}
INSTANTIATE_TEST_SUITE_P(Exact, MatmulTest, ::testing::ValuesIn(supported_kernels(Precision::exact)),
                         isa_name);
INSTANTIATE_TEST_SUITE_P(Mixed, MatmulTest, ::testing::ValuesIn(supported_kernels(Precision::mixed)),
                         isa_name);
INSTANTIATE_TEST_SUITE_P(Fast, MatmulTest, ::testing::ValuesIn(supported_kernels(Precision::fast)), isa_name);

}  // namespace
}  // namespace msrnn::cpu
