#include "model/expected_logits.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "msrnn/state.h"

#include "support/npy.h"

namespace msrnn::testing {

ExpectedLogits::ExpectedLogits(const std::filesystem::path& folder)
    : tokens_(read_npy<std::int32_t>(folder / "tokens.npy").values),
      whole_(read_npy<float>(folder / "logits.npy").values),
      decoded_(read_npy<float>(folder / "decode.npy").values) {
  const std::string name = folder.filename().string();
  follows_length_ = name.ends_with("longrope") || name.ends_with("dynamic");
}

std::vector<float> ExpectedLogits::read(const std::filesystem::path& path, const std::string& device,
                                        std::size_t block) const {
  // Random weights amplify what inputs lose: only exact products can be told from wrong ones.
  const Model model = Model::load(path, {.device = device, .threads = 2, .precision = "exact"});
  MultiState state(model, {.policy = "full", .type = "f32"});
  const auto vocabulary = static_cast<std::size_t>(model.config().vocabulary);
  std::vector<float> logits(tokens_.size() * vocabulary);
  for (std::size_t first = 0; first < tokens_.size(); first += block) {
    const std::size_t n = std::min(block, tokens_.size() - first);
    std::vector<std::int32_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = static_cast<std::int32_t>(i);
    const Segment segment{0, static_cast<int>(n), &state, nullptr};
    model.forward({tokens_.data() + first, n}, {&segment, 1},
                  {logits.data() + first * vocabulary, n * vocabulary}, {.logits_rows = rows, .observe = {}});
  }
  return logits;
}

void ExpectedLogits::expect(const std::vector<float>& logits, double bound) const {
  ASSERT_EQ(logits.size(), whole_.size());
  if (!follows_length_) {
    EXPECT_LT(relative_difference(logits, whole_), bound);
  }
  const std::size_t before = whole_.size() - decoded_.size();
  EXPECT_LT(relative_difference({logits.data() + before, decoded_.size()}, decoded_), bound);
}

double ExpectedLogits::mean_error(const std::vector<float>& logits) const {
  const std::size_t before = whole_.size() - decoded_.size();
  double errors = 0, squares = 0;
  for (std::size_t i = 0; i < decoded_.size(); ++i) {
    const double expected = decoded_[i], error = logits[before + i] - expected;
    errors += error * error;
    squares += expected * expected;
  }
  return std::sqrt(errors / squares);
}

double relative_difference(std::span<const float> found, std::span<const float> expected) {
  double largest = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(double{found[i]} - expected[i]);
    largest = difference <= largest ? largest : difference;  // a NaN stays
    squares += double{expected[i]} * expected[i];
  }
  return largest / std::sqrt(squares / static_cast<double>(expected.size()));
}

}  // namespace msrnn::testing
