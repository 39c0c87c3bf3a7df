#include "eval/language_modelling.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "conformance/reading.h"
#include "eval/perplexity.h"
#include "eval/pooled_loss.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::ordered_json;

TEST(PooledLoss, WeighsTokensAndPairsPieces) {
  const std::vector<Loss> losses = {{10, 40, 20}, {30, 90, 90}, {20, 50, 45}};
  Json row;
  write_pooled(row, losses);
  EXPECT_EQ(row["parts"], 3);
  EXPECT_EQ(row["tokens"], 60);
  EXPECT_DOUBLE_EQ(row["perplexity"].get<double>(), std::exp(155.0 / 60));
  EXPECT_DOUBLE_EQ(row["bits_per_byte"].get<double>(), 155 / std::numbers::ln2 / 180);
  // Resamples lie between the pieces' own perplexities, and some differ.
  EXPECT_GE(row["low"].get<double>(), std::exp(2.0));
  EXPECT_LE(row["high"].get<double>(), std::exp(3.0));
  EXPECT_LT(row["low"].get<double>(), row["high"].get<double>());

  // Every piece is worse by the same factor: so is every resample, by a distance that follows from it.
  std::vector<Loss> worse = losses;
  for (Loss& loss : worse) loss.nll_sum += 0.1 * static_cast<double>(loss.tokens);
  Json distance;
  write_distance(distance, worse, losses);
  const double factor = std::exp(0.1) - 1;
  EXPECT_NEAR(distance["above_full"].get<double>(), factor * std::exp(155.0 / 60), 1e-12);
  EXPECT_NEAR(distance["above_full_low"].get<double>(), factor * row["low"].get<double>(), 1e-12);
  EXPECT_NEAR(distance["above_full_high"].get<double>(), factor * row["high"].get<double>(), 1e-12);
}

TEST(PooledLoss, OfOnePieceHasNoInterval) {
  const std::vector<Loss> one = {{10, 40, 20}}, other = {{10, 40, 15}};
  Json row;
  write_pooled(row, one);
  write_distance(row, one, other);
  EXPECT_EQ(row["parts"], 1);
  EXPECT_DOUBLE_EQ(row["perplexity"].get<double>(), std::exp(2.0));
  EXPECT_DOUBLE_EQ(row["above_full"].get<double>(), std::exp(2.0) - std::exp(1.5));
  for (const char* end : {"low", "high", "above_full_low", "above_full_high"}) {
    EXPECT_FALSE(row.contains(end)) << end;
  }
}

class LanguageModellingTest : public ::testing::Test {
 protected:
  ResultFile open(const char* name = "lm.jsonl") const { return {folder_.path() / name, Json{{"x", 1}}}; }

  const TemporaryFolder folder_;
  const Engine engine_ = tiny_engine();
  const std::vector<Book> books_ = {{"a", random_tokens(100, 1)}, {"b", random_tokens(45, 2)}};
  LanguageModellingOptions options_ = {
      .settings = every_setting(std::vector<std::string>{"full", "baseline", "tova"}, std::vector<int>{8}),
      .context = 40,
      .state_type = "f32"};
};

TEST_F(LanguageModellingTest, GivesThePerplexitiesOfEachBookAlone) {
  ResultFile results = open();
  measure_language_modelling(engine_, books_, options_, results);
  struct Case {
    const char* key;
    StateOptions state;
    std::int64_t context;
  };
  for (const Case& c : {Case{"full", {.policy = "full", .type = "f32"}, 40},
                        {"tova/8", {.policy = "tova", .capacity = 8, .type = "f32"}, 40},
                        {"baseline/8", {.policy = "full", .type = "f32"}, 8}}) {
    double nll = 0;
    std::int64_t tokens = 0;
    for (const Book& book : books_) {
      SCOPED_TRACE(c.key + book.name);
      const PerplexityResult alone =
          measure_perplexity(engine_.model, c.state, book.tokens, {.context = c.context, .progress = {}});
      const Json& row = *results.find(std::string("summary/") + c.key + "/" + book.name);
      EXPECT_EQ(row["tokens"], alone.tokens);
      EXPECT_NEAR(row["nll_sum"].get<double>(), alone.nll_sum, 1e-6);
      EXPECT_NEAR(std::log(row["perplexity"].get<double>()), alone.mean_nll(), 1e-9);
      nll += alone.nll_sum;
      tokens += alone.tokens;
    }
    const Json& row = *results.find(std::string("summary/") + c.key);
    EXPECT_NEAR(std::log(row["perplexity"].get<double>()), nll / static_cast<double>(tokens), 1e-9);
    EXPECT_EQ(row["parts"], 5);
    EXPECT_EQ(row.contains("above_full"), c.key != std::string("full"));
  }
  EXPECT_EQ(results.size(), 3u * 5 + 3 * 3);
}

TEST_F(LanguageModellingTest, CountsTheBytesOfWhatIsScored) {
  const Tokenizer& tokenizer = engine_.tokenizer;
  const std::vector<Token> tokens = tokenizer.encode("abcdefghij");
  std::int64_t all = 0;
  for (const Token token : tokens) all += std::ssize(tokenizer.piece(token));
  EXPECT_EQ(all, 10);
  const auto size = [&](std::size_t i) { return std::ssize(tokenizer.piece(tokens[i])); };
  EXPECT_EQ(scored_bytes(tokenizer, tokens, 100), 10 - size(0));
  EXPECT_EQ(scored_bytes(tokenizer, tokens, 3),
            10 - size(0) - size(3) - size(6) - (tokens.size() > 9 ? size(9) : 0));
}

TEST_F(LanguageModellingTest, TakesTheChunksAskedFor) {
  ResultFile results = open();
  options_.settings = every_setting(std::vector<std::string>{"tova"}, std::vector<int>{8});
  options_.full_chunks = true;
  measure_language_modelling(engine_, books_, options_, results);
  EXPECT_NE(results.find("tova/8/a/1"), nullptr);
  EXPECT_EQ(results.find("tova/8/a/2"), nullptr);
  EXPECT_EQ(results.find("tova/8/b/1"), nullptr);
  EXPECT_EQ(results.size(), 3u + 3u);

  ResultFile fewer = open("fewer.jsonl");
  options_.full_chunks = false;
  options_.chunks = 1;
  measure_language_modelling(engine_, books_, options_, fewer);
  EXPECT_EQ(fewer.size(), 2u + 3u);
  EXPECT_EQ(*fewer.find("tova/8/b/0"), *results.find("tova/8/b/0"));
}

TEST_F(LanguageModellingTest, GoesOnWhereItWasStopped) {
  std::string whole;
  {
    ResultFile results = open();
    measure_language_modelling(engine_, books_, options_, results);
  }
  const Results expected = read_results(folder_.path() / "lm.jsonl");
  struct Stop {};
  std::size_t stops = 0;
  for (bool done = false; !done;) {
    ResultFile results = open("stopped.jsonl");
    const std::size_t before = results.size();
    std::int64_t last_total = 0;
    options_.progress = [&](const LanguageModellingProgress& progress) {
      EXPECT_LE(progress.tokens_read, progress.tokens_total);
      last_total = progress.tokens_total;
      if (results.size() > before + 2) throw Stop{};
    };
    try {
      measure_language_modelling(engine_, books_, options_, results);
      done = true;
    } catch (const Stop&) {
      ++stops;
    }
    EXPECT_GT(results.size(), before);
    EXPECT_GT(last_total, 0);
  }
  EXPECT_GE(stops, 3u);
  EXPECT_EQ(read_results(folder_.path() / "stopped.jsonl").results, expected.results);
}

TEST_F(LanguageModellingTest, RefusesWhatHasNothingToScore) {
  ResultFile results = open();
  const auto measure = [&](const std::vector<Book>& books) {
    measure_language_modelling(engine_, books, options_, results);
  };
  EXPECT_THROW(measure({}), UsageError);
  EXPECT_THROW(measure({{"a", {}}}), UsageError);
  EXPECT_THROW(measure({{"a", {5}}}), UsageError);
  options_.full_chunks = true;
  EXPECT_THROW(measure({{"a", random_tokens(39, 1)}}), UsageError);
  options_.context = 1;
  EXPECT_THROW(measure(books_), UsageError);
  options_.context = 40;
  options_.chunks = -1;
  EXPECT_THROW(measure(books_), UsageError);
  EXPECT_EQ(results.size(), 0u);
}

}  // namespace
}  // namespace msrnn::testing
