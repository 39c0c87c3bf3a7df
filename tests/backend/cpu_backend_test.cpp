// The fused steps of the cpu device against those of the reference device.
#include "backend/cpu/cpu_backend.h"

#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "backend/reference/reference_backend.h"
#include "backend/registry.h"
#include "matrix_lab.h"

namespace msrnn {
namespace {

using testing::kAllTypes;
using testing::random_numbers;
using testing::StoredMatrix;
using testing::width_from;

// A device and the weights of a small decoder block on it: 4 query and 2 KV heads of 16, width 64, or more if
// the types need it.
class Block {
 public:
  struct Stored {
    std::int64_t width;
    StoredMatrix gain, q, k, v, gate, up, down, head;

    Stored(DType first, DType second, std::int64_t ffn)
        : width(width_from(first, width_from(second, 64))),
          gain(DType::f32, 1, width),
          q(first, 64, width),
          k(second, 32, width),
          v(first, 32, width),
          gate(first, ffn, width),
          up(second, ffn, width),
          down(second, width, ffn),
          head(second, 101, width) {
      unsigned seed = 0;
      for (StoredMatrix* m : {&q, &k, &v, &gate, &up, &down, &head}) {
        m->randomise_up_to(0.5f, ++seed);
      }
      gain.randomise(++seed, 1.0f);
    }
  };

  Block(std::unique_ptr<Backend> backend, const Stored& stored)
      : backend_(std::move(backend)), width_(stored.width) {
    const auto take = [&](const StoredMatrix& m) { return backend_->prepare(m.view()); };
    const NormWeights norm{take(stored.gain), 1e-5f};
    attention_ = {norm, {take(stored.q), {}, {}}, {take(stored.k), {}, {}}, {take(stored.v), {}, {}}, 16};
    ffn_ = {norm, take(stored.gate), take(stored.up), {take(stored.down), {}}};
    head_ = {norm, take(stored.head)};
  }

  std::vector<float> qkv(std::vector<float> x, Rope::Pairs pairs,
                         const std::vector<std::int32_t>& rotations) {
    const auto rows = static_cast<std::int64_t>(rotations.size());
    std::vector<float> out(static_cast<std::size_t>(rows * 128));
    const Qkv parts{
        {out.data(), rows, 64}, {out.data() + rows * 64, rows, 32}, {out.data() + rows * 96, rows, 32}};
    const std::vector<double> frequencies = {1, 0.5, 0.25, 0.1, 0.05, 0.01, 0.001, 0.0001};
    backend_->qkv(parts, {x.data(), rows, width_}, attention_, {frequencies, pairs}, rotations);
    return out;
  }
  std::vector<float> feed_forward(std::vector<float> x) {
    backend_->feed_forward(rows_of(x), ffn_, Activation::silu);
    return x;
  }
  std::vector<float> project_add(std::vector<float> x) {
    std::vector<float> y(x.size() / static_cast<std::size_t>(width_) * 64, 1.0f);
    const Tensor out = {y.data(), static_cast<std::int64_t>(y.size()) / 64, 64};
    backend_->project_add(out, rows_of(x), {attention_.q.matrix, {}});
    return y;
  }
  std::vector<float> logits(std::vector<float> x, const std::vector<std::int32_t>& rows) {
    std::vector<float> out(rows.size() * 101);
    backend_->logits({out.data(), static_cast<std::int64_t>(rows.size()), 101}, rows_of(x), head_, rows);
    return out;
  }
  std::vector<float> embed(const std::vector<Token>& tokens) {
    std::vector<float> x(tokens.size() * static_cast<std::size_t>(width_));
    backend_->embed(rows_of(x), *head_.output, tokens, 1);
    return x;
  }

 private:
  Tensor rows_of(std::vector<float>& x) const {
    return {x.data(), static_cast<std::int64_t>(x.size()) / width_, width_};
  }

  std::unique_ptr<Backend> backend_;
  std::int64_t width_;
  AttentionWeights attention_;
  FfnWeights ffn_;
  HeadWeights head_;
};

// The root-mean-square difference as a part of the root-mean-square size.
double relative_error(const std::vector<float>& found, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{found[i]} - expected[i], 2);
    size += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / size);
}

// Activations rounded to bf16 are good to half a percent, pairs of int8 to 16 bits of a block's largest, one
// of them to 8; a product of two such factors feeds the last product of a feed-forward step.
double tolerance(const cpu::Kernels& kernels, DType first, DType second) {
  if (first == DType::bf16 || second == DType::bf16) return 0.02;
  if (!is_quantised(first) && !is_quantised(second)) return 2e-6;
  return kernels.precision == cpu::Precision::exact ? 3e-4 : 1e-2;
}

// All pairs of types with blocks of up to 32 numbers; those with larger ones, which need a wide model, each
// with itself and another.
bool is_compared(DType first, DType second) {
  const bool large = traits(first).block_size > 32 || traits(second).block_size > 32;
  const int distance = static_cast<int>(second) - static_cast<int>(first);
  return !large || distance == 0 || distance == 1;
}

class StepTest : public ::testing::TestWithParam<const cpu::Kernels*> {
 protected:
  Block cpu(const Block::Stored& stored, int threads = 2) const {
    return {std::make_unique<CpuBackend>(threads, *GetParam()), stored};
  }
  static Block reference(const Block::Stored& stored) {
    return {std::make_unique<ReferenceBackend>(1), stored};
  }
};

TEST_P(StepTest, EveryPairOfTypesMatchesTheReference) {
  for (const DType first : kAllTypes) {
    for (const DType second : kAllTypes) {
      if (!is_compared(first, second)) continue;
      const Block::Stored stored(first, second, width_from(first, width_from(second, 96)));
      Block fast = cpu(stored), exact = reference(stored);
      const double bound = tolerance(*GetParam(), first, second);
      for (const std::size_t rows : {1u, 3u, 19u, 50u}) {
        const auto x = random_numbers(rows * static_cast<std::size_t>(stored.width), 5);
        std::vector<std::int32_t> rotations(rows);
        for (std::size_t r = 0; r < rows; ++r) rotations[r] = static_cast<std::int32_t>(r * 97);
        rotations[rows / 2] = kUnrotated;
        const std::string what =
            fmt::format("{} {} {} rows {}", GetParam()->isa, traits(first).name, traits(second).name, rows);
        for (const auto pairs : {Rope::Pairs::interleaved, Rope::Pairs::halves}) {
          EXPECT_LT(relative_error(fast.qkv(x, pairs, rotations), exact.qkv(x, pairs, rotations)), bound)
              << what;
        }
        EXPECT_LT(relative_error(fast.feed_forward(x), exact.feed_forward(x)), bound) << what;
        EXPECT_LT(relative_error(fast.project_add(x), exact.project_add(x)), bound) << what;
        const std::vector<std::int32_t> wanted = {0, static_cast<std::int32_t>(rows) - 1};
        EXPECT_LT(relative_error(fast.logits(x, wanted), exact.logits(x, wanted)), bound) << what;
        EXPECT_EQ(fast.embed({0, 100, 7}), exact.embed({0, 100, 7})) << what;
      }
    }
  }
}

// Plain types come in any width: the last block of the hidden layer is not full, its last group may be
// missing.
TEST_P(StepTest, HiddenWidthsThatFillNoBlock) {
  for (const std::int64_t ffn : {1, 15, 16, 17, 31, 33, 49}) {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
      const Block::Stored stored(type, type, ffn);
      const auto x = random_numbers(21 * 64, 6);
      EXPECT_LT(relative_error(cpu(stored).feed_forward(x), reference(stored).feed_forward(x)),
                tolerance(*GetParam(), type, type))
          << ffn;
    }
  }
}

TEST_P(StepTest, SameBitsForAnyThreadsAndBatch) {
  const Block::Stored stored(DType::q4_1, DType::q5_0, 96);
  Block one = cpu(stored, 1), three = cpu(stored, 3);
  const auto x = random_numbers(37 * 64, 7);
  std::vector<std::int32_t> rotations(37);
  for (std::size_t r = 0; r < 37; ++r) rotations[r] = static_cast<std::int32_t>(r);
  const auto together = one.feed_forward(x);
  EXPECT_EQ(three.feed_forward(x), together);
  EXPECT_EQ(one.qkv(x, Rope::Pairs::halves, rotations), three.qkv(x, Rope::Pairs::halves, rotations));
  for (std::size_t r = 0; r < 37; ++r) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(r * 64);
    const auto alone = three.feed_forward({begin, begin + 64});
    EXPECT_TRUE(
        std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(r * 64)))
        << r;
  }
}

TEST_P(StepTest, RefusesTokensOutsideTheVocabulary) {
  const Block::Stored stored(DType::f32, DType::q8_0, 32);
  Block block = cpu(stored);
  EXPECT_THROW(block.embed({101}), Error);
  EXPECT_THROW(block.embed({-1}), Error);
}

TEST_P(StepTest, NoRowsAreNoWork) {
  const Block::Stored stored(DType::f32, DType::q8_0, 32);
  Block block = cpu(stored);
  EXPECT_TRUE(block.feed_forward({}).empty());
  EXPECT_TRUE(block.logits({}, {}).empty());
}

std::string isa_name(const ::testing::TestParamInfo<const cpu::Kernels*>& info) {
  return std::string(info.param->isa);
}
INSTANTIATE_TEST_SUITE_P(Exact, StepTest, ::testing::ValuesIn(cpu::supported_kernels(cpu::Precision::exact)),
                         isa_name);
INSTANTIATE_TEST_SUITE_P(Mixed, StepTest, ::testing::ValuesIn(cpu::supported_kernels(cpu::Precision::mixed)),
                         isa_name);

TEST(Registry, MakesTheDevicesItLists) {
  for (const DeviceInfo& device : list_backends()) {
    EXPECT_EQ(make_backend(device.name, {1})->name(), device.name);
    EXPECT_FALSE(device.description.empty());
  }
  EXPECT_THROW(make_backend("gpu"), UsageError);
  EXPECT_THROW(make_backend("cpu", {-1}), UsageError);
  EXPECT_NE(make_backend("cpu", {1, "fast"})->arithmetic(), make_backend("cpu", {1})->arithmetic());
  EXPECT_NE(make_backend("cpu", {1, "exact"})->arithmetic(), make_backend("cpu", {1})->arithmetic());
  EXPECT_EQ(make_backend("cpu", {1, "mixed"})->arithmetic(), make_backend("cpu", {1})->arithmetic());
  EXPECT_NE(make_backend("cpu", {2})->description(), make_backend("cpu", {1})->description());
  EXPECT_EQ(make_backend("cpu", {2})->arithmetic(), make_backend("cpu", {1})->arithmetic());
  EXPECT_THROW(make_backend("cpu", {1, "rough"}), UsageError);
  EXPECT_THROW(make_backend("reference", {1, "fast"}), UsageError);
  EXPECT_THROW(make_backend("reference", {1, "mixed"}), UsageError);
}

TEST(CpuBackend, RefusesQuantisedRowsOfHalfBlocks) {
  CpuBackend backend(1, cpu::kernels());
  std::vector<std::byte> bytes(1000);
  EXPECT_THROW(backend.prepare({DType::q8_0, 1, 33, bytes.data()}), Error);
  EXPECT_THROW(backend.prepare({DType::q4_k, 1, 128, bytes.data()}), Error);
}

}  // namespace
}  // namespace msrnn
