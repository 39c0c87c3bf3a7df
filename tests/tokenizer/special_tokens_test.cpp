#include "tokenizer/special_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_vocabulary.h"

namespace msrnn {
namespace {

using test::add_piece;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SpecialTokens, FindsTheFirstAndOfThoseTheLongest) {
  SpecialTokens special;
  special.add("<a>", 1);
  special.add("<a><b>", 2);
  special.add("", 3);
  const auto match = special.find("x<<a><b><a>", 0);
  EXPECT_EQ(match.begin, 2u);
  EXPECT_EQ(match.length, 6u);
  EXPECT_EQ(match.token, 2);
  EXPECT_EQ(special.find("x<<a><b><a>", 8).token, 1);
  EXPECT_EQ(special.find("x<a", 0).begin, std::string_view::npos);
  EXPECT_EQ(special.find("", 0).length, 0u);
}

TEST(SpecialTokens, TakeTheWhiteSpaceAroundThemAlong) {
  SpecialTokens special;
  special.add("<l>", 1, {.left = true});
  special.add("<r>", 2, {.right = true});
  const std::string text = "a \u3000<l> \t<r>\u00A0\n\u2028b";
  const auto left = special.find(text, 1);
  EXPECT_EQ(left.begin, 1u);
  EXPECT_EQ(left.length, 7u);
  EXPECT_EQ(special.find(text, 2).begin, 2u);  // what is before the beginning is not taken
  const auto right = special.find(text, 8);
  EXPECT_EQ(right.begin, text.find("<r>"));
  EXPECT_EQ(right.begin + right.length, text.find('b'));
}

class SpecialText : public testing::Test {
 protected:
  SpecialText() {
    start = add_piece(vocabulary, "<|start|>", TokenType::control);
    end = add_piece(vocabulary, "<|im_end|>", TokenType::control);
    word = add_piece(vocabulary, "[word]", TokenType::user_defined);
    unknown = add_piece(vocabulary, "<unk>", TokenType::unknown);
    unused = add_piece(vocabulary, "<unused>", TokenType::unused);
    vocabulary.bos = start;
    vocabulary.eos = end;
  }

  Vocabulary vocabulary = test::byte_vocabulary();
  Token start, end, word, unknown, unused;
};

TEST_F(SpecialText, ControlTokensAreFoundOnlyWhenAskedFor) {
  const Tokenizer tokenizer = make_tokenizer(vocabulary);
  const std::string text = "<|start|>a[word]<|im_end|><unk>";
  EXPECT_THAT(tokenizer.encode(text, {.parse_special = true}), ElementsAre(start, 'a', word, end, unknown));
  const auto plain = tokenizer.encode(text);
  EXPECT_EQ(plain.size(), text.size() - std::string("[word]").size() + 1);
  EXPECT_THAT(plain, testing::Contains(word).Times(1));
  EXPECT_EQ(tokenizer.decode(plain), text);
  EXPECT_EQ(tokenizer.encode("<unused>", {.parse_special = true}).size(), 8u);
}

TEST_F(SpecialText, TokensAroundATextComeOnlyIfTheModelWantsThem) {
  EXPECT_THAT(make_tokenizer(vocabulary).encode("a", {.add_special = true}), ElementsAre('a'));
  EXPECT_EQ(make_tokenizer(vocabulary).leading_bos(), std::nullopt);
  vocabulary.add_bos = true;
  EXPECT_EQ(make_tokenizer(vocabulary).leading_bos(), start);
  EXPECT_THAT(make_tokenizer(vocabulary).encode("", {.add_special = true}), ElementsAre(start));
  EXPECT_THAT(make_tokenizer(vocabulary).encode("a"), ElementsAre('a'));
  vocabulary.add_eos = true;
  EXPECT_THAT(make_tokenizer(vocabulary).encode("a", {.add_special = true}), ElementsAre(start, 'a', end));
}

TEST_F(SpecialText, EndTokensAreEosEndOfTurnAndKnownNamesOfControlTokens) {
  EXPECT_THAT(make_tokenizer(vocabulary).end_tokens(), ElementsAre(end));
  vocabulary.eos = start;
  vocabulary.eot = 7;
  add_piece(vocabulary, "<end_of_turn>", TokenType::normal);
  EXPECT_THAT(make_tokenizer(vocabulary).end_tokens(), ElementsAre(start, 7, end));
  vocabulary.eos = vocabulary.eot = std::nullopt;
  vocabulary.types[end] = TokenType::user_defined;
  EXPECT_THAT(make_tokenizer(vocabulary).end_tokens(), IsEmpty());
}

TEST_F(SpecialText, AreKnownByTheirText) {
  const Tokenizer tokenizer = make_tokenizer(vocabulary);
  EXPECT_EQ(tokenizer.find("<|im_end|>"), end);
  EXPECT_EQ(tokenizer.find("\xFF"), 255);
  EXPECT_EQ(tokenizer.find("no such piece"), std::nullopt);
  EXPECT_EQ(tokenizer.piece(end), "<|im_end|>");
  EXPECT_TRUE(tokenizer.is_special(end));
  EXPECT_FALSE(tokenizer.is_special(word));
  EXPECT_FALSE(tokenizer.is_special('a'));
  EXPECT_FALSE(tokenizer.is_special(-1));
  EXPECT_FALSE(tokenizer.is_special(tokenizer.vocabulary()));
}

}  // namespace
}  // namespace msrnn
