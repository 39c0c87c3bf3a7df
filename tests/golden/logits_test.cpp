// The plain forward pass of 64 tokens, layer by layer, against an independent implementation in float64.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "eval/teacher_forcing.h"
#include "support/npy.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

constexpr float kTolerance = 1e-3f;

class GoldenLogits : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!golden_folder()) GTEST_SKIP() << "MSRNN_GOLDEN is not set: no golden logits";
    if (!model_file()) GTEST_SKIP() << "MSRNN_MODEL is not set: no model to take logits of";
    folder_ = *golden_folder() / "logits";
    ids_ = read_npy<std::int32_t>(folder_ / "ids.npy").values;
    const Model model = Model::load(*model_file(), {.device = "reference"});
    width_ = static_cast<std::size_t>(model.config().width);
    vocabulary_ = static_cast<std::size_t>(model.config().vocabulary);
    MultiState state(model, {.policy = "full", .type = "f32"});
    const Segment segment{0, static_cast<int>(ids_.size()), &state, nullptr};
    std::vector<std::int32_t> rows(ids_.size());
    std::iota(rows.begin(), rows.end(), 0);
    logits_.resize(ids_.size() * vocabulary_);
    const auto keep_last_row = [&](int, std::span<const float> x) {
      hidden_last_.insert(hidden_last_.end(), x.end() - static_cast<std::ptrdiff_t>(width_), x.end());
    };
    model.forward(ids_, {&segment, 1}, logits_, {.logits_rows = rows, .observe = keep_last_row});
  }

  std::span<const float> logits(std::size_t position) const {
    return std::span(logits_).subspan(position * vocabulary_, vocabulary_);
  }

  std::filesystem::path folder_;
  std::size_t width_ = 0, vocabulary_ = 0;
  std::vector<Token> ids_;
  std::vector<float> logits_;       // [64][vocabulary]
  std::vector<float> hidden_last_;  // [layers + 1][width]
};

TEST_F(GoldenLogits, MatchEverywhereTheyWereKept) {
  const Array<float> hidden = read_npy<float>(folder_ / "hidden_last.npy");
  ASSERT_EQ(hidden_last_.size(), hidden.values.size());
  for (std::size_t i = 0; i < hidden_last_.size(); ++i) {
    ASSERT_NEAR(hidden_last_[i], hidden.values[i], kTolerance * (1 + std::abs(hidden.values[i])))
        << "after layer " << i / width_ << ", column " << i % width_;
  }
  const Array<float> last = read_npy<float>(folder_ / "last.npy");
  ASSERT_EQ(last.values.size(), vocabulary_);
  for (std::size_t i = 0; i < vocabulary_; ++i) {
    ASSERT_NEAR(logits(ids_.size() - 1)[i], last.values[i], kTolerance) << "token " << i;
  }
  const Array<float> nll = read_npy<float>(folder_ / "nll.npy");
  ASSERT_EQ(nll.values.size() + 1, ids_.size());
  for (std::size_t i = 0; i < nll.values.size(); ++i) {
    ASSERT_NEAR(negative_log_likelihood(logits(i), ids_[i + 1]), nll.values[i], kTolerance)
        << "token " << i + 1;
  }
}

TEST_F(GoldenLogits, RankTheTenBestTheSame) {
  std::ifstream table(folder_ / "top10.tsv");
  std::string head;
  std::getline(table, head);
  std::size_t position = 0, lines = 0;
  int input = 0, rank = 0;
  Token token = 0;
  float logit = 0, log_probability = 0;
  while (table >> position >> input >> rank >> token >> logit >> log_probability) {
    ++lines;
    const auto row = logits(position);
    ASSERT_EQ(ids_[position], input);
    ASSERT_NEAR(row[static_cast<std::size_t>(token)], logit, kTolerance) << position << " rank " << rank;
    ASSERT_NEAR(-negative_log_likelihood(row, token), log_probability, kTolerance);
    if (rank == 0) {
      EXPECT_EQ(std::max_element(row.begin(), row.end()) - row.begin(), token) << "at " << position;
    }
  }
  EXPECT_EQ(lines, 10 * ids_.size());
}

}  // namespace
}  // namespace msrnn::testing
