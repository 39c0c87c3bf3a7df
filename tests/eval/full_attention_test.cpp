#include "eval/full_attention.h"

#include <algorithm>
#include <mutex>

#include <gtest/gtest.h>

#include "conformance/reading.h"
#include "model/golden_model.h"

namespace msrnn::testing {
namespace {

// [layer][token][n_kv_heads · (token + 1)]
using Rows = std::vector<std::vector<std::vector<float>>>;

Rows collect(const Model& model, const std::vector<Token>& tokens, int block) {
  Rows rows(static_cast<std::size_t>(model.config().n_layers));
  for (auto& layer : rows) layer.resize(tokens.size());
  std::mutex mutex;
  read_with_full_attention(model, tokens, {.block = block, .type = "f32"}, [&](const AttentionRow& row) {
    const std::lock_guard lock(mutex);
    auto& place = rows[static_cast<std::size_t>(row.layer)][static_cast<std::size_t>(row.token)];
    EXPECT_TRUE(place.empty()) << "token " << row.token << " came twice";
    place.assign(row.p.begin(), row.p.end());
  });
  return rows;
}

// With tova-head every score is the attention that the device itself gave the token in the last step.
void expect_scores_of_the_device(const Model& model, const std::vector<Token>& tokens, double tolerance) {
  const Rows rows = collect(model, tokens, 16);
  const auto n = static_cast<int>(tokens.size());
  const int group = model.config().n_heads / model.config().n_kv_heads;
  MultiState state(model, {.policy = "tova-head", .capacity = n, .type = "f32"});
  for (int t = 0; t < n; ++t) {
    read(model, state, {tokens[static_cast<std::size_t>(t)]}, {1});
    for (int layer = 0; layer < model.config().n_layers; ++layer) {
      for (int head = 0; head < state.lanes(layer); ++head) {
        const std::vector<float> scores = state.scores(layer, head);
        const auto& row = rows[static_cast<std::size_t>(layer)][static_cast<std::size_t>(t)];
        for (int i = 0; i <= t; ++i) {
          ASSERT_NEAR(row[static_cast<std::size_t>(head * (t + 1) + i)],
                      scores[static_cast<std::size_t>(i)] / static_cast<float>(group), tolerance)
              << "layer " << layer << ", head " << head << ", token " << i << " from " << t;
        }
      }
    }
  }
}

TEST(FullAttentionTest, IsWhatTheDeviceAttendsTo) {
  expect_scores_of_the_device(tiny_model("reference"), random_tokens(50), 1e-5);
  expect_scores_of_the_device(tiny_model("cpu"), random_tokens(50), 1e-4);
  expect_scores_of_the_device(tiny_model("cpu", 3), random_tokens(50), 1e-4);
}

TEST(FullAttentionTest, BlocksAndThreadsChangeNothing) {
  const std::vector<Token> tokens = random_tokens(40);
  const Rows expected = collect(tiny_model("reference"), tokens, 40);
  for (const int block : {1, 7, 256}) EXPECT_EQ(collect(tiny_model("reference"), tokens, block), expected);
  EXPECT_EQ(collect(tiny_model("reference", 3), tokens, 16), expected);
}

// Windows, caps, biases, norms of heads, half of a head turned.
class FullAttentionOfFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(FullAttentionOfFamily, IsWhatTheDeviceAttendsTo) {
  const TemporaryFolder folder;
  const Model model =
      Model::load(write_golden_model(GetParam(), folder), {.device = "reference", .threads = 1});
  std::vector<Token> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back((i * i * 7 + 3) % model.config().vocabulary);
  expect_scores_of_the_device(model, tokens, 1e-5);
}

std::string family_name(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, FullAttentionOfFamily,
                         ::testing::Values("gemma2", "gemma3", "mistral-window", "phi3-partial", "qwen3"),
                         family_name);

// What a state has lost is what is not on the tokens that it holds before the step, and on the new one.
TEST(AttentionLostTest, IsWhatTheStateDoesNotHold) {
  const Model& model = tiny_model("reference");
  const std::vector<Token> tokens = random_tokens(60);
  const Rows rows = collect(model, tokens, 16);
  const std::vector<StateOptions> states = {{.policy = "tova", .capacity = 9},
                                            {.policy = "h2o", .capacity = 20},
                                            {.policy = "window+1", .capacity = 4},
                                            {.policy = "full"}};
  std::vector<KeptTokens> kept_of;
  for (const StateOptions& state : states) kept_of.push_back(read_and_watch(model, state, tokens));
  const auto losses = attention_lost(model, tokens, kept_of, {.block = 13, .type = "f32"});
  ASSERT_EQ(losses.size(), states.size());
  const int heads = model.config().n_kv_heads;
  for (std::size_t s = 0; s < states.size(); ++s) {
    MultiState state(model, states[s]);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      for (int layer = 0; layer < model.config().n_layers; ++layer) {
        const std::vector<float>& p = rows[static_cast<std::size_t>(layer)][t];
        double held = 0;
        for (int head = 0; head < heads; ++head) {
          std::vector<std::int32_t> live = state.positions(layer, state.lanes(layer) == 1 ? 0 : head);
          live.push_back(static_cast<std::int32_t>(t));
          for (const std::int32_t i : live)
            held += static_cast<double>(
                        p[static_cast<std::size_t>(head) * (t + 1) + static_cast<std::size_t>(i)]) /
                    heads;
        }
        ASSERT_NEAR(losses[s][static_cast<std::size_t>(layer) * tokens.size() + t], 1 - held, 1e-5)
            << states[s].policy << ", layer " << layer << ", step " << t;
      }
      read(model, state, {tokens[t]}, {1});
    }
  }
}

}  // namespace
}  // namespace msrnn::testing
