#include "eval/token_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/watched_text.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenTagsTest : public ::testing::Test {
 protected:
  // Tokens: "the" · " " · "c" "a" "t" · "\n" · "th" · "é" in two bytes
  const std::string text_ = "the cat\nth\u00e9";

  std::vector<std::string> tags(const std::string& table) const {
    return read_token_tags(folder_.write("text.tsv", table), text_, tokens_,
                           token_ranges(tokenizer_, text_, tokens_));
  }

  void expect_refused(const std::string& table, const std::string& message) const {
    try {
      tags(table);
      ADD_FAILURE() << "accepted:\n" << table;
    } catch (const UsageError& error) {
      ADD_FAILURE() << "not the user's words: " << error.what();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr((folder_.path() / "text.tsv").string() + ": " + message)) << table;
    }
  }

  const TemporaryFolder folder_;
  const Engine engine_ = tiny_engine();
  const Tokenizer& tokenizer_ = engine_.tokenizer;
  const std::vector<Token> tokens_ = tokenizer_.encode(text_);
};

TEST_F(TokenTagsTest, RangesAreTheBytesOfTokens) {
  ASSERT_EQ(tokens_.size(), 9u);
  std::string bytes;
  std::size_t after = 0;
  for (const ByteRange& range : token_ranges(tokenizer_, text_, tokens_)) {
    EXPECT_EQ(range.begin, after);
    after = range.end;
    bytes += text_.substr(range.begin, range.end - range.begin);
  }
  EXPECT_EQ(bytes, text_);
}

TEST_F(TokenTagsTest, SpecialTokensHaveNoBytesAndLeftOutOnesNoToken) {
  std::vector<Token> tokens = tokens_;
  tokens.insert(tokens.begin(), 256);
  tokens.erase(tokens.begin() + 3);  // the "c"
  const std::vector<ByteRange> ranges = token_ranges(tokenizer_, text_, tokens);
  EXPECT_EQ(ranges[0].end, 0u);
  EXPECT_EQ(ranges[1].end, 3u);
  EXPECT_EQ(ranges[3].begin, 5u);
  EXPECT_THROW(token_ranges(tokenizer_, "another", tokens), Error);
}

TEST_F(TokenTagsTest, TokensGetTheTagOfTheirWord) {
  EXPECT_THAT(
      tags("begin\tend\ttag\ttext\n0\t3\tDT\tthe\n4\t7\tNN\tcat\n7\t8\t\\n\t\\n\n8\t12\tFW\tth\u00e9\n"),
      ElementsAre("DT", "", "NN", "NN", "NN", "\\n", "FW", "FW", "FW"));
  // Columns in another order, more of them, lines that end otherwise, words without a tag.
  EXPECT_THAT(tags("text\tlemma\ttag\tend\tbegin\r\ncat\tcat\tNN\t7\t4\r\n\r\n"),
              ElementsAre("", "", "NN", "NN", "NN", "", "", "", ""));
}

TEST_F(TokenTagsTest, OfSeveralWordsTheOneThatSharesMost) {
  EXPECT_EQ(tags("begin\tend\ttag\ttext\n0\t1\tA\tt\n1\t3\tB\the\n").front(), "B");
  EXPECT_EQ(tags("begin\tend\ttag\ttext\n0\t1\tA\tt\n1\t2\tB\th\n").front(), "A");
}

TEST_F(TokenTagsTest, TokensMayBeTaggedThemselves) {
  std::string table = "token\ttag\n";
  for (const Token token : tokens_) table += std::to_string(token) + "\tT" + std::to_string(token) + "\n";
  std::vector<std::string> expected;
  for (const Token token : tokens_) expected.push_back("T" + std::to_string(token));
  EXPECT_EQ(tags(table), expected);
  expect_refused(table + "5\tNN\n", "line 11: expected 9 tokens, found more");
  table.resize(table.rfind('T') - 4);
  expect_refused(table.substr(0, table.rfind('\n') + 1), "expected a line for each of 9 tokens, found 8");
  expect_refused("token\ttag\n7\tNN\n", "line 2: expected token " + std::to_string(tokens_[0]) + ", found 7");
  expect_refused("token\ttag\nthe\tNN\n", "line 2: token: expected a number, found 'the'");
}

TEST_F(TokenTagsTest, WhatIsWrongIsNamedWithItsLine) {
  const std::string header = "begin\tend\ttag\ttext\n";
  expect_refused("", "is empty");
  expect_refused("begin\tend\ttext\n", "line 1: no column 'tag'");
  expect_refused("0\t3\tDT\tthe\n", "line 1: no column 'begin'");
  expect_refused(header + "0\t3\tDT\n", "line 2: expected 4 fields as the header has, found 3");
  expect_refused(header + "0\t3\tDT\tthe\t\n", "line 2: expected 4 fields as the header has, found 5");
  expect_refused(header + "0\t3\t\tthe\n", "line 2: tag: is empty");
  expect_refused(header + "0\tx\tDT\tthe\n", "line 2: end: expected a number, found 'x'");
  expect_refused(header + "-1\t3\tDT\tthe\n", "line 2: begin: expected a number, found '-1'");
  expect_refused(header + "0\t99999999999999999999\tDT\tthe\n", "line 2: end: expected a number");
  expect_refused(header + "0\t3\tDT\tthe\n3\t3\tX\t\n",
                 "line 3: expected a word after byte 3, found bytes 3 to 3");
  expect_refused(header + "0\t3\tDT\tthe\n2\t5\tX\te c\n", "line 3: expected a word after byte 3");
  expect_refused(header + "0\t3\tDT\tthe\n4\t7\tNN\tdog\n",
                 "line 3: 'dog' is not at bytes 4 to 7 of the text, which has 'cat'");
  expect_refused(header + "4\t70\tNN\tcat\n", "line 2: a word ends at byte 70, but the text has 12");
  expect_refused(header + "7\t8\tX\t\\x\n", "line 2: text: expected \\t, \\n, \\r or \\\\");
  EXPECT_THROW(read_token_tags(folder_.path() / "none.tsv", text_, tokens_, {}), Error);
}

TEST_F(TokenTagsTest, ChunksTakeTheirPartOfTags) {
  const auto file = folder_.write("book.tsv", "begin\tend\ttag\ttext\n4\t7\tNN\tcat\n");
  const Text text{"book", text_};
  const std::vector<WatchedText> chunks = cut_chunks(tokenizer_, text, file, {.context = 4, .chunks = 0});
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].name, "book/0");
  EXPECT_EQ(chunks[1].tokens, std::vector<Token>(tokens_.begin() + 4, tokens_.begin() + 8));
  EXPECT_THAT(chunks[0].tags, ElementsAre("", "", "NN", "NN"));
  EXPECT_THAT(chunks[1].tags, ElementsAre("NN", "", "", ""));
  EXPECT_EQ(cut_chunks(tokenizer_, text, file, {.context = 4, .chunks = 1}).size(), 1u);
  const std::vector<WatchedText> whole = cut_chunks(tokenizer_, text, {}, {.context = 4096});
  EXPECT_EQ(whole.at(0).tokens, tokens_);
  EXPECT_TRUE(whole.at(0).tags.empty());
  EXPECT_THROW(cut_chunks(tokenizer_, text, {}, {.context = 0}), UsageError);
  EXPECT_THROW(cut_chunks(tokenizer_, text, {}, {.context = 4, .chunks = -1}), UsageError);
}

TEST_F(TokenTagsTest, TagsAreFoundByTheNameOfTheText) {
  const std::vector<Text> texts = {{"a", ""}, {"b", ""}};
  const auto a = folder_.write("a.tsv", ""), c = folder_.write("c.tsv", "");
  const std::filesystem::path folder = folder_.path();
  EXPECT_THAT(find_tags(texts, std::vector{folder}), ElementsAre(a, ""));
  EXPECT_THAT(find_tags(texts, std::vector{a}), ElementsAre(a, ""));
  EXPECT_THROW(find_tags(texts, std::vector{c}), UsageError);
  EXPECT_THROW(find_tags(texts, std::vector{a, folder}), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
