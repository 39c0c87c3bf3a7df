#include "tokenizer/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "tokenizer/pipelines.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> split(const PreTokenizer& pre_tokenizer, std::string_view text) {
  std::vector<std::string> found;
  pre_tokenizer.split(text, [&](std::string_view word) { found.emplace_back(word); });
  return found;
}

std::vector<std::string> words(std::initializer_list<std::string> expressions, std::string_view text) {
  std::vector<Split> splits;
  for (const std::string& expression : expressions) splits.push_back({expression});
  return split(PreTokenizer(splits), text);
}

std::vector<std::string> words(SplitBehaviour behaviour, std::string_view text) {
  return split(PreTokenizer({{"b", behaviour}}), text);
}

std::vector<std::string> words_of(std::string_view name, std::string_view text) {
  return split(PreTokenizer(named_pipeline(name).pipeline.splits), text);
}

TEST(PreTokenizer, WithoutExpressionsATextIsOneWord) { EXPECT_THAT(words({}, "a b"), ElementsAre("a b")); }

TEST(PreTokenizer, MatchesAndWhatIsBetweenAreWords) {
  EXPECT_THAT(words({"b+"}, "abbac"), ElementsAre("a", "bb", "ac"));
  EXPECT_THAT(words({"b+"}, "bb"), ElementsAre("bb"));
  EXPECT_THAT(words({"b+"}, ""), ElementsAre());
}

TEST(PreTokenizer, EachExpressionSeesThePartsOfTheOneBefore) {
  EXPECT_THAT(words({"b", "c+|^a"}, "aaccbacc"), ElementsAre("a", "a", "cc", "b", "a", "cc"));
}

// As tokenizers 0.23 splits them (pre_tokenizers.Split).
TEST(PreTokenizer, KnowsEveryBehaviour) {
  const std::string text = "babbcb";
  EXPECT_THAT(words(SplitBehaviour::isolated, text), ElementsAre("b", "a", "b", "b", "c", "b"));
  EXPECT_THAT(words(SplitBehaviour::removed, text), ElementsAre("a", "c"));
  EXPECT_THAT(words(SplitBehaviour::only_matches, text), ElementsAre("b", "b", "b", "b"));
  EXPECT_THAT(words(SplitBehaviour::contiguous, text), ElementsAre("b", "a", "bb", "c", "b"));
  EXPECT_THAT(words(SplitBehaviour::merged_with_previous, text), ElementsAre("b", "ab", "b", "cb"));
  EXPECT_THAT(words(SplitBehaviour::merged_with_next, text), ElementsAre("ba", "b", "bc", "b"));
}

TEST(PreTokenizer, RefusesAnExpressionThatMatchesNothing) {
  EXPECT_THAT([] { PreTokenizer({{"x*"}}); }, testing::ThrowsMessage<Error>(HasSubstr("an empty text")));
}

TEST(PreTokenizer, InvalidBytesAreWordsOfTheirOwn) {
  EXPECT_THAT(words({R"(\p{L}+)"}, "a\xFF\xC3 b\xE2\x82"),
              ElementsAre("a", "\xFF\xC3", " ", "b", "\xE2\x82"));
}

TEST(PreTokenizer, RefusesABrokenExpression) {
  EXPECT_THAT([] { PreTokenizer({{"a(b"}}); }, testing::ThrowsMessage<Error>(HasSubstr("a(b")));
}

TEST(Gpt2Words, TakeOneSpaceAlong) {
  EXPECT_THAT(words_of("gpt-2", "ab cd, ef"), ElementsAre("ab", " cd", ",", " ef"));
  EXPECT_THAT(words_of("gpt-2", "a   b "), ElementsAre("a", "  ", " b", " "));
  EXPECT_THAT(words_of("gpt-2", "a\n\n b"), ElementsAre("a", "\n\n", " b"));
  EXPECT_THAT(words_of("gpt-2", "a\r\nb"), ElementsAre("a", "\r", "\n", "b"));
}

TEST(Gpt2Words, SplitOffContractions) {
  EXPECT_THAT(words_of("gpt-2", "I'll 'sx"), ElementsAre("I", "'ll", " '", "sx"));
  EXPECT_THAT(words_of("gpt-2", "I'LL"), ElementsAre("I", "'", "LL"));
}

TEST(Gpt2Words, KeepNumbersTogetherAndSmollmDoesNot) {
  EXPECT_THAT(words_of("gpt-2", "a12 345"), ElementsAre("a", "12", " 345"));
  EXPECT_THAT(words_of("smollm", "a12 345"), ElementsAre("a", "1", "2", " ", "3", "4", "5"));
}

TEST(SmollmWords, EndAtADigitAsAtTheEndOfTheText) {
  EXPECT_THAT(words_of("gpt-2", "a  1"), ElementsAre("a", " ", " 1"));
  EXPECT_THAT(words_of("smollm", "a  1"), ElementsAre("a", "  ", "1"));
}

TEST(Gpt2Words, KnowUnicode) {
  EXPECT_THAT(words_of("gpt-2", "né²٣"), ElementsAre("né", "²٣"));
  // U+00A0 is white space; U+180E has not been since Unicode 6.3.
  EXPECT_THAT(words_of("gpt-2", "a\u00A0b"), ElementsAre("a", "\u00A0", "b"));
  EXPECT_THAT(words_of("gpt-2", "a\u180E!"), ElementsAre("a", "\u180E!"));
}

}  // namespace
}  // namespace msrnn
