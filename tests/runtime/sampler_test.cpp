#include "msrnn/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The definition, rank by rank and in double: the probability of every token.
std::vector<double> distribution(const std::vector<float>& logits, const SamplerOptions& options,
                                 const std::vector<Token>& recent = {}) {
  const std::size_t n = logits.size();
  std::vector<double> logit(logits.begin(), logits.end());
  for (std::size_t i = 0; i < n; ++i) {
    const bool seen = std::find(recent.begin(), recent.end(), static_cast<Token>(i)) != recent.end();
    if (seen)
      logit[i] = logit[i] > 0 ? logit[i] / options.repetition_penalty : logit[i] * options.repetition_penalty;
  }
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logit[a] > logit[b]; });

  if (options.top_k > 0 && static_cast<std::size_t>(options.top_k) < n) {
    order.resize(static_cast<std::size_t>(options.top_k));
  }
  const auto weight = [&](std::size_t i) {
    return std::exp((logit[i] - logit[order[0]]) / options.temperature);
  };
  double all = 0;
  for (const std::size_t i : order) all += weight(i);
  std::vector<double> probability(n, 0.0);
  double before = 0, kept = 0;
  for (const std::size_t i : order) {
    const double p = weight(i) / all;
    if (before < options.top_p && weight(i) >= options.min_p) {
      probability[i] = p;
      kept += p;
    }
    before += p;
  }
  for (double& p : probability) p /= kept;
  return probability;
}

std::vector<float> random_logits(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

void expect_drawn_from(const std::vector<double>& probability, Sampler& sampler,
                       const std::vector<float>& logits) {
  constexpr int kDraws = 20000;
  std::vector<int> count(logits.size());
  for (int i = 0; i < kDraws; ++i) ++count[static_cast<std::size_t>(sampler.sample(logits))];
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double expected = probability[i] * kDraws;
    if (probability[i] == 0) {
      EXPECT_EQ(count[i], 0) << "token " << i << " was cut off";
    } else {
      EXPECT_NEAR(count[i], expected, 5 * std::sqrt(expected) + 3) << "token " << i;
    }
  }
}

TEST(Sampler, DrawsFromTheDistributionItsOptionsDefine) {
  const std::vector<SamplerOptions> all = {
      {.temperature = 1},
      {.temperature = 0.3f},
      {.temperature = 4},
      {.temperature = 1, .top_k = 1},
      {.temperature = 1, .top_k = 7},
      {.temperature = 1, .top_k = 199},
      {.temperature = 1, .top_k = 200},
      {.temperature = 1, .top_k = 5000},
      {.temperature = 1, .top_p = 0.5f},
      {.temperature = 3, .top_p = 0.97f},
      {.temperature = 1, .top_p = 1e-6f},
      {.temperature = 1, .min_p = 0.1f},
      {.temperature = 2, .min_p = 1},
      {.temperature = 1.5f, .top_k = 20, .top_p = 0.8f, .min_p = 0.05f},
  };
  for (const SamplerOptions& options : all) {
    SCOPED_TRACE(::testing::Message() << "temperature " << options.temperature << " top_k " << options.top_k
                                      << " top_p " << options.top_p << " min_p " << options.min_p);
    const std::vector<float> logits = random_logits(200, 3);
    Sampler sampler(options);
    expect_drawn_from(distribution(logits, options), sampler, logits);
  }
}

TEST(Sampler, PenalisesRecentTokensOnce) {
  const SamplerOptions options{.temperature = 1, .repetition_penalty = 1.7f, .repetition_window = 4};
  const std::vector<float> logits = {2, -1, 0.5f, 1, 0, 1.5f};
  Sampler sampler(options);
  for (const Token token : {5, 5, 4, 0, 1, 0, 3}) sampler.accept(token);  // the window holds 0, 1, 0, 3
  expect_drawn_from(distribution(logits, options, {0, 1, 3}), sampler, logits);
}

TEST(Sampler, PenaltyAppliesToGreedyChoice) {
  Sampler sampler({.repetition_penalty = 2});
  const std::vector<float> logits = {3, 2, 1};
  EXPECT_EQ(sampler.sample(logits), 0);
  sampler.accept(0);
  EXPECT_EQ(sampler.sample(logits), 1);
  sampler.accept(1);
  EXPECT_EQ(sampler.sample(logits), 0);  // 1.5, 1, 1
}

TEST(Sampler, GreedyTakesTheSmallestIdOfEquals) {
  Sampler sampler(SamplerOptions{});
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 5, 5, 2, 5}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{0, 0}), 0);
  EXPECT_EQ(sampler.sample(std::vector<float>{-0.0f, 0.0f}), 0);
  EXPECT_EQ(sampler.sample(std::vector<float>{-7}), 0);
}

TEST(Sampler, CutsTiesInFavourOfSmallIds) {
  const std::vector<float> logits(100, 1.0f);
  Sampler sampler({.temperature = 1, .top_k = 3});
  for (int i = 0; i < 200; ++i) EXPECT_LT(sampler.sample(logits), 3);
}

TEST(Sampler, NeverDrawsImpossibleTokens) {
  const std::vector<float> logits = {-kInfinity, 1, -kInfinity, 0, -kInfinity};
  Sampler sampler({.temperature = 10});
  for (int i = 0; i < 1000; ++i) {
    const Token token = sampler.sample(logits);
    EXPECT_TRUE(token == 1 || token == 3) << token;
  }
}

TEST(Sampler, ExtremeLogitsAndTemperatures) {
  const std::vector<float> logits = {-3e38f, 3e38f, 1e38f};
  for (const float temperature : {0.0f, 1e-40f, 1e-30f, 1.0f, 1e30f}) {
    Sampler sampler({.temperature = temperature});
    EXPECT_EQ(sampler.sample(logits), 1) << temperature;
  }
}

TEST(Sampler, SameSeedSameTokens) {
  const std::vector<float> logits = random_logits(1000, 9);
  const auto draw = [&](std::uint64_t seed) {
    Sampler sampler({.temperature = 1, .top_p = 0.9f, .seed = seed});
    std::vector<Token> tokens;
    for (int i = 0; i < 50; ++i) tokens.push_back(sampler.sample(logits));
    return tokens;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  for (const float temperature : {0.0f, 1.0f}) {
    Sampler sampler({.temperature = temperature});
    EXPECT_THROW(sampler.sample(std::vector<float>{0, NAN}), Error);
    EXPECT_THROW(sampler.sample(std::vector<float>{kInfinity, 0}), Error);
    EXPECT_THROW(sampler.sample(std::vector<float>{-kInfinity, -kInfinity}), Error);
    EXPECT_THROW(sampler.sample(std::vector<float>{}), Error);
  }
}

TEST(Sampler, RefusesTokensOutsideTheVocabulary) {
  for (const Token token : {-1, 3}) {
    Sampler sampler({.repetition_penalty = 1.1f});
    sampler.accept(token);
    EXPECT_THROW(sampler.sample(std::vector<float>{1, 2, 3}), Error);
  }
}

TEST(Sampler, RefusesOptionsOutsideTheirRange) {
  const std::vector<SamplerOptions> bad = {
      {.temperature = -1},
      {.temperature = NAN},
      {.temperature = kInfinity},
      {.top_k = -1},
      {.top_p = 0},
      {.top_p = 1.1f},
      {.top_p = NAN},
      {.min_p = -0.1f},
      {.min_p = 1.5f},
      {.min_p = NAN},
      {.repetition_penalty = 0},
      {.repetition_penalty = -1},
      {.repetition_penalty = NAN},
      {.repetition_penalty = 1000},
      {.repetition_window = -1},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_THROW(Sampler{bad[i]}, UsageError) << "options " << i;
}

}  // namespace
}  // namespace msrnn
