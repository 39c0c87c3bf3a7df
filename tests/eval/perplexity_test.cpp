#include "eval/perplexity.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "conformance/reading.h"
#include "eval/teacher_forcing.h"
#include "eval/trace.h"

namespace msrnn::testing {
namespace {

constexpr int kVocabulary = kTinyVocabulary;

// The definition, one token after another: losses[i] is of token i + 1.
std::vector<double> losses_one_by_one(const StateOptions& options, const std::vector<Token>& tokens) {
  const Model& model = tiny_model("reference");
  MultiState state(model, options);
  const Reading reading = read(model, state, tokens, {1});
  std::vector<double> losses;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    long double sum = 0;
    for (int v = 0; v < kVocabulary; ++v)
      sum +=
          std::exp(static_cast<long double>(reading.logits[i * kVocabulary + static_cast<std::size_t>(v)]));
    const float logit = reading.logits[i * kVocabulary + static_cast<std::size_t>(tokens[i + 1])];
    losses.push_back(static_cast<double>(std::log(sum) - logit));
  }
  return losses;
}

double expected_sum(const StateOptions& options, std::vector<Token> tokens, std::size_t context,
                    std::size_t skip, std::size_t chunks) {
  double sum = 0;
  for (std::size_t c = 0; c < chunks; ++c) {
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(c * context);
    const auto length = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(context), tokens.end() - begin);
    const std::vector<double> losses = losses_one_by_one(options, {begin, begin + length});
    for (std::size_t i = skip; i < losses.size(); ++i) sum += losses[i];
  }
  return sum;
}

const StateOptions kState{.policy = "tova", .capacity = 10};

TEST(NegativeLogLikelihood, IsStable) {
  EXPECT_DOUBLE_EQ(negative_log_likelihood(std::vector<float>{0, 0, 0, 0}, 2), std::log(4.0));
  EXPECT_NEAR(negative_log_likelihood(std::vector<float>{1000, 999, -1000}, 1),
              1 + std::log1p(std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(negative_log_likelihood(std::vector<float>{-1000, -1e30f}, 0), 0, 1e-12);
  EXPECT_TRUE(std::isnan(negative_log_likelihood(std::vector<float>{NAN, 1}, 1)));
}

TEST(Perplexity, ChunksBeginWithTheTokenAskedFor) {
  std::vector<Token> tokens = random_tokens(50, 21);
  const PerplexityOptions options{.context = 20, .first_token = 7, .progress = {}};
  const PerplexityResult result = measure_perplexity(tiny_model("reference"), kState, tokens, options);
  for (const std::size_t begin : {0u, 20u, 40u}) tokens[begin] = 7;
  EXPECT_EQ(result.tokens, 19 + 19 + 9);
  EXPECT_NEAR(result.nll_sum, expected_sum(kState, tokens, 20, 0, 3), 1e-6);
}

TEST(Perplexity, FollowsTheDefinitionForAnyBlock) {
  const std::vector<Token> tokens = random_tokens(100, 20);
  for (const int block : {1, 7, 16, 130, 500}) {
    const PerplexityResult whole = measure_perplexity(tiny_model("reference"), kState, tokens,
                                                      {.context = 0, .block = block, .progress = {}});
    EXPECT_EQ(whole.tokens, 99);
    EXPECT_EQ(whole.tokens_read, 100);
    EXPECT_EQ(whole.chunks.size(), 1u);
    EXPECT_NEAR(whole.nll_sum, expected_sum(kState, tokens, 100, 0, 1), 1e-6);
    EXPECT_DOUBLE_EQ(whole.perplexity(), std::exp(whole.nll_sum / 99));
  }
}

TEST(Perplexity, CutsChunksAndSkipsTheirBeginnings) {
  const std::vector<Token> tokens = random_tokens(100, 21);
  struct Case {
    std::int64_t context, skip, chunks;
    bool full;
    std::int64_t expected_chunks, expected_tokens;
  };
  for (const Case& c : {Case{40, 0, 0, false, 3, 39 + 39 + 19},
                        {40, 0, 0, true, 2, 78},
                        {40, 20, 0, false, 2, 38},
                        {40, 18, 0, false, 3, 21 + 21 + 1},
                        {40, 0, 1, false, 1, 39},
                        {33, 5, 0, false, 3, 3 * 27},
                        {200, 0, 0, false, 1, 99},
                        {50, 48, 0, true, 2, 2}}) {
    SCOPED_TRACE(c.context);
    const PerplexityResult result = measure_perplexity(tiny_model("reference"), kState, tokens,
                                                       {.context = c.context,
                                                        .skip = c.skip,
                                                        .chunks = c.chunks,
                                                        .full_chunks = c.full,
                                                        .block = 16,
                                                        .progress = {}});
    EXPECT_EQ(std::ssize(result.chunks), c.expected_chunks);
    EXPECT_NEAR(result.chunks.front().nll_sum,
                expected_sum(kState, tokens, static_cast<std::size_t>(c.context),
                             static_cast<std::size_t>(c.skip), 1),
                1e-6);
    EXPECT_EQ(result.tokens, c.expected_tokens);
    EXPECT_NEAR(result.nll_sum,
                expected_sum(kState, tokens, static_cast<std::size_t>(c.context),
                             static_cast<std::size_t>(c.skip), static_cast<std::size_t>(c.expected_chunks)),
                1e-6);
  }
}

TEST(Perplexity, ReportsProgress) {
  std::vector<PerplexityProgress> seen;
  measure_perplexity(
      tiny_model("reference"), kState, random_tokens(100, 22),
      {.context = 40, .block = 16, .progress = [&](const PerplexityProgress& p) { seen.push_back(p); }});
  ASSERT_EQ(seen.size(), 3u + 3u + 2u);
  EXPECT_EQ(seen.front().tokens_read, 16);
  EXPECT_EQ(seen.back().tokens_read, 100);
  EXPECT_EQ(seen.back().tokens_total, 100);
  EXPECT_EQ(seen.back().tokens_scored, 97);
  EXPECT_EQ(seen.back().n_chunks, 3);
}

TEST(Perplexity, RefusesWhatHasNothingToScore) {
  const Model& model = tiny_model("reference");
  const std::vector<Token> tokens = random_tokens(10, 23);
  const auto measure = [&](const PerplexityOptions& options) {
    measure_perplexity(model, kState, tokens, options);
  };
  EXPECT_THROW(measure({.context = 1, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.context = -5, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.context = 8, .skip = 7, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.skip = 9, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.skip = -1, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.full_chunks = true, .progress = {}}), UsageError);
  EXPECT_THROW(measure({.block = 0, .progress = {}}), UsageError);
  EXPECT_THROW(measure_perplexity(model, kState, std::span(tokens).first(1)), UsageError);
  EXPECT_THROW(measure_perplexity(model, kState, {}), UsageError);
}

// With one selection at the prompt's end the losses inside it are those of full attention.
TEST(Trace, ReadsAPromptAtOnce) {
  const Model& model = tiny_model("reference");
  const std::vector<Token> tokens = random_tokens(80, 24);
  MultiState state(model, kState);
  const Trace found =
      trace(model, state, tokens,
            {.block = 16, .prompt_tokens = 50, .prompt_mode = PromptMode::last_query, .progress = {}});
  const std::vector<double> full = losses_one_by_one({.policy = "full"}, tokens);
  // The token after the prompt is still predicted with all of it in view.
  for (std::size_t i = 0; i < 50; ++i) EXPECT_NEAR(found.nll[i], full[i], 1e-5) << i;
  const auto first_lane = found.victims.begin();
  EXPECT_TRUE(std::all_of(first_lane, first_lane + 50, [](auto v) { return v == -1; }));
  EXPECT_TRUE(std::none_of(first_lane + 50, first_lane + 80, [](auto v) { return v == -1; }));
  EXPECT_EQ(found.kept_width, 10);
  EXPECT_EQ(found.kept_prompt.size(), 3u * 10u);
  EXPECT_LT(*std::max_element(found.kept_prompt.begin(), found.kept_prompt.end()), 50);

  const PerplexityResult perplexity =
      measure_perplexity(model, kState, tokens,
                         {.context = 0, .skip = 49, .prompt_mode = PromptMode::last_query, .progress = {}});
  double sum = 0;
  for (std::size_t i = 49; i < found.nll.size(); ++i) sum += static_cast<double>(found.nll[i]);
  EXPECT_NEAR(perplexity.nll_sum, sum, 1e-4);
  EXPECT_EQ(perplexity.tokens, 30);
}

TEST(Trace, TellsWhatWasDroppedAndWhatIsLeft) {
  const Model& model = tiny_model("reference");
  const std::vector<Token> tokens = random_tokens(60, 25);
  for (const char* policy : {"h2o", "window+2", "full"}) {
    SCOPED_TRACE(policy);
    const StateOptions options{.policy = policy, .capacity = 8};
    MultiState state(model, options), other(model, options);
    const Trace found = trace(model, state, tokens, {.block = 16, .prompt_tokens = 20, .progress = {}});
    const Reading expected = read(model, other, tokens, {1});
    EXPECT_EQ(found.layers, 3);
    EXPECT_EQ(found.lanes, state.lanes(0));
    EXPECT_EQ(found.kept_width, policy == std::string("full") ? 60 : 8);
    for (std::size_t lane = 0; lane < expected.victims.size(); ++lane) {
      const auto begin = found.victims.begin() + static_cast<std::ptrdiff_t>(lane) * 60;
      EXPECT_EQ(std::vector<std::int32_t>(begin, begin + 60), expected.victims[lane]);
      const auto kept_begin = found.kept.begin() + static_cast<std::ptrdiff_t>(lane) * found.kept_width;
      EXPECT_EQ(std::vector<std::int32_t>(kept_begin, kept_begin + found.kept_width), kept(other)[lane]);
    }
    const std::vector<double> losses = losses_one_by_one(options, tokens);
    ASSERT_EQ(found.nll.size(), losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(found.nll[i], losses[i], 1e-5);
  }
}

TEST(Trace, RefusesATextTooShortAndAStateThatHasRead) {
  const Model& model = tiny_model("reference");
  MultiState state(model, kState);
  EXPECT_THROW(trace(model, state, random_tokens(1)), UsageError);
  EXPECT_THROW(trace(model, state, random_tokens(5), {.prompt_tokens = 6, .progress = {}}), UsageError);
  trace(model, state, random_tokens(5));
  EXPECT_THROW(trace(model, state, random_tokens(5)), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
