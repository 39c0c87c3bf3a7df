#include "msrnn/generate.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

class GenerateTest : public ::testing::Test {
 protected:
  Sequence started() const {
    Sequence sequence(engine_.model, {.capacity = 16});
    sequence.read(some_tokens(20));
    return sequence;
  }

  GenerateResult write(const GenerateOptions& options) const {
    Sequence sequence = started();
    return generate(sequence, engine_.tokenizer, options);
  }

  // Lively text: a random model's most likely token is soon the same for ever.
  static GenerateOptions lively(int max_tokens) {
    return {.max_tokens = max_tokens, .sampler = {.temperature = 1.5f, .seed = 4}, .ignore_end = true};
  }

  const Engine engine_ = tiny_engine();
};

TEST_F(GenerateTest, GreedyTakesTheMostLikelyTokenEveryTime) {
  Sequence sequence = started();
  std::vector<Token> expected;
  for (int i = 0; i < 10; ++i) {
    const auto logits = sequence.logits();
    expected.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    sequence.read(std::vector{expected.back()});
  }
  const GenerateResult result = write({.max_tokens = 10, .ignore_end = true});
  EXPECT_EQ(result.tokens, expected);
  EXPECT_EQ(result.reason, StopReason::max_tokens);
  EXPECT_EQ(result.unread, std::vector{expected.back()});
}

TEST_F(GenerateTest, TheTextIsThatOfTheTokensByteByByte) {
  for (const int n : {1, 2, 17, 200}) {
    const GenerateResult result = write(lively(n));
    EXPECT_EQ(static_cast<int>(result.tokens.size()), n);
    EXPECT_EQ(result.text, engine_.tokenizer.decode(result.tokens));
  }
}

TEST_F(GenerateTest, GoingOnFromWhatIsUnreadIsOneGeneration) {
  GenerateOptions options = {.max_tokens = 12, .ignore_end = true};
  const GenerateResult whole = write(options);
  for (int first = 1; first < 12; ++first) {
    Sequence sequence = started();
    options.max_tokens = first;
    GenerateResult halves = generate(sequence, engine_.tokenizer, options);
    sequence.read(halves.unread);
    options.max_tokens = 12 - first;
    const GenerateResult rest = generate(sequence, engine_.tokenizer, options);
    halves.tokens.insert(halves.tokens.end(), rest.tokens.begin(), rest.tokens.end());
    EXPECT_EQ(halves.tokens, whole.tokens);
    EXPECT_EQ(halves.text + rest.text, whole.text);
  }
}

TEST_F(GenerateTest, NothingIsSampledWhereNothingIsWanted) {
  const std::atomic<bool> cancelled{true};
  for (const GenerateOptions& options :
       {GenerateOptions{.max_tokens = 0}, GenerateOptions{.max_tokens = 5, .cancel = &cancelled}}) {
    const GenerateResult result = write(options);
    EXPECT_TRUE(result.tokens.empty());
    EXPECT_TRUE(result.unread.empty());
    EXPECT_EQ(result.text, "");
    EXPECT_EQ(result.reason, options.cancel != nullptr ? StopReason::cancelled : StopReason::max_tokens);
  }
}

TEST_F(GenerateTest, EndTokensEndUnlessIgnored) {
  ASSERT_EQ(engine_.tokenizer.end_tokens().size(), 1u);
  const Token end = engine_.tokenizer.end_tokens().front();
  GenerateOptions options = lively(4000);
  options.sampler.temperature = 1000;  // all tokens about as likely
  const std::vector<Token> all = write(options).tokens;
  const auto first = std::find(all.begin(), all.end(), end);
  ASSERT_NE(first, all.end()) << "no end token in 4000: choose another seed";
  options.ignore_end = false;
  const GenerateResult result = write(options);
  EXPECT_EQ(result.tokens, std::vector<Token>(all.begin(), first + 1));
  EXPECT_EQ(result.text, engine_.tokenizer.decode(std::vector<Token>(all.begin(), first)));
  EXPECT_EQ(result.unread, std::vector{end});
  EXPECT_EQ(result.reason, StopReason::end_token);
}

TEST_F(GenerateTest, StopTokensEnd) {
  GenerateOptions options = lively(100);
  const std::vector<Token> all = write(options).tokens;
  options.stop_tokens = {all[30], all[20]};
  const auto first =
      std::find_first_of(all.begin(), all.end(), options.stop_tokens.begin(), options.stop_tokens.end());
  const GenerateResult result = write(options);
  EXPECT_EQ(result.tokens, std::vector<Token>(all.begin(), first + 1));
  EXPECT_EQ(result.reason, StopReason::end_token);
}

TEST_F(GenerateTest, StopTextsEndAcrossTokens) {
  GenerateOptions options = lively(300);
  const std::string all = write(options).text;
  for (std::size_t at = 20; at + 3 < all.size(); at += 37) {
    const std::string stop = all.substr(at, 3);
    std::string streamed;
    options.stop = {stop};
    options.stream = [&](std::string_view text) { return streamed += text, true; };
    const GenerateResult result = write(options);
    EXPECT_EQ(result.text, all.substr(0, all.find(stop)));
    EXPECT_EQ(streamed, result.text);
    EXPECT_EQ(result.reason, StopReason::stop_text);
  }
}

TEST_F(GenerateTest, AReaderThatLeavesEndsIt) {
  GenerateOptions options = lively(300);
  int calls = 0;
  options.stream = [&](std::string_view) { return ++calls < 5; };
  const GenerateResult result = write(options);
  EXPECT_EQ(calls, 5);
  EXPECT_LT(result.tokens.size(), 300u);
  EXPECT_EQ(result.unread, std::vector{result.tokens.back()});
  EXPECT_EQ(result.reason, StopReason::cancelled);
}

TEST_F(GenerateTest, CancellingStopsAfterThePresentToken) {
  GenerateOptions options = lively(-1);
  std::atomic<bool> cancel{false};
  options.cancel = &cancel;
  options.stream = [&](std::string_view) { return cancel = true, true; };
  const GenerateResult result = write(options);
  EXPECT_EQ(result.reason, StopReason::cancelled);
  EXPECT_EQ(result.unread, std::vector{result.tokens.back()});
}

TEST_F(GenerateTest, HistoryCountsForTheRepetitionPenalty) {
  Sequence first = started(), second = started();
  const GenerateOptions options = {
      .max_tokens = 1, .sampler = {.repetition_penalty = 100}, .ignore_end = true};
  const Token plain = generate(first, engine_.tokenizer, options).tokens.front();
  const Token other = generate(second, engine_.tokenizer, options, std::vector{plain}).tokens.front();
  EXPECT_NE(plain, other);
}

TEST_F(GenerateTest, RefusesWhatCannotBe) {
  Sequence empty(engine_.model, {.capacity = 4});
  EXPECT_THROW(generate(empty, engine_.tokenizer, {}), UsageError);
  EXPECT_THROW(write({.sampler = {.temperature = -1}}), UsageError);
  EXPECT_THROW(write({.stop = {""}}), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
