#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_vocabulary.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {
namespace {

using test::byte_vocabulary;
using ::testing::ElementsAre;

// The definition, in quadratic time: merge the first pair in the list's order, leftmost first, until none is
// left.
std::vector<std::string> merge_by_definition(
    const std::vector<std::pair<std::string_view, std::string_view>>& merges, std::string_view word) {
  std::vector<std::string> symbols;
  for (const char c : word) symbols.emplace_back(1, c);
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& [left, right] : merges) {
      for (std::size_t i = 0; i + 1 < symbols.size() && !merged; ++i) {
        if (symbols[i] != left || symbols[i + 1] != right) continue;
        symbols[i] += symbols[i + 1];
        symbols.erase(symbols.begin() + i + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  return symbols;
}

// Merges of pieces that earlier merges made, as training makes them. Few letters, so that pairs overlap.
std::vector<std::pair<std::string, std::string>> random_merges(std::mt19937& random, int n) {
  std::vector<std::string> pieces = {"a", "b", "c"};
  std::vector<std::pair<std::string, std::string>> merges;
  while (static_cast<int>(merges.size()) < n) {
    const std::string left = pieces[random() % pieces.size()], right = pieces[random() % pieces.size()];
    if (std::find(pieces.begin(), pieces.end(), left + right) != pieces.end()) continue;
    merges.emplace_back(left, right);
    pieces.push_back(left + right);
  }
  return merges;
}

TEST(Bpe, EqualsTheDefinitionOnRandomWordsAndMerges) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const auto owned = random_merges(random, 1 + round / 2);
    const std::vector<std::pair<std::string_view, std::string_view>> merges(owned.begin(), owned.end());
    const Tokenizer tokenizer = make_tokenizer(byte_vocabulary(merges));
    for (std::size_t length = 0; length < 60; ++length) {
      std::string word;
      while (word.size() < length) word.push_back(static_cast<char>('a' + random() % 3));
      std::vector<std::string> pieces;
      for (const Token token : tokenizer.encode(word)) pieces.emplace_back(tokenizer.piece(token));
      ASSERT_EQ(pieces, merge_by_definition(merges, word)) << word;
    }
  }
}

TEST(Bpe, EarlierMergesGoFirst) {
  EXPECT_THAT(make_tokenizer(byte_vocabulary({{"a", "b"}, {"b", "c"}})).encode("abc"), ElementsAre(256, 'c'));
  EXPECT_THAT(make_tokenizer(byte_vocabulary({{"b", "c"}, {"a", "b"}})).encode("abc"), ElementsAre('a', 256));
}

TEST(Bpe, DoesNotMergeAcrossWords) {
  EXPECT_THAT(make_tokenizer(byte_vocabulary({{"a", " "}, {" ", "b"}})).encode("a b"), ElementsAre('a', 257));
}

TEST(Bpe, AMegabyteInOneWordIsNotQuadratic) {
  std::vector<std::string> runs = {"a"};
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  runs.reserve(11);
  for (int i = 0; i < 10; ++i) {
    merges.emplace_back(runs.back(), runs.back());
    runs.push_back(runs.back() + runs.back());
  }
  const Tokenizer tokenizer = make_tokenizer(byte_vocabulary(merges));
  const auto tokens = tokenizer.encode(std::string(1 << 20, 'a'));
  EXPECT_EQ(tokens, std::vector<Token>(1 << 10, 256 + 9));
}

TEST(Bpe, AnyBytesComeBack) {
  const Tokenizer tokenizer =
      make_tokenizer(byte_vocabulary({{"\xC3", "\xA9"}, {"a", "\xC3"}, {"\xFF", "\xFF"}, {" ", "a"}}));
  std::mt19937 random(2);
  for (std::size_t length = 0; length < 300; ++length) {
    std::string bytes, letters;
    for (std::size_t i = 0; i < length; ++i) {
      bytes.push_back(static_cast<char>(random()));
      letters.push_back("a \xC3\xA9\xFF\n1'\0"[random() % 9]);
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(bytes)), bytes);
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(letters)), letters);
  }
}

TEST(Bpe, ABytesWithoutTokenIsLeftOutAndSeparates) {
  Vocabulary vocabulary = byte_vocabulary({{"a", "b"}});
  vocabulary.pieces['\x04'] = "plain text, 日本";
  const Tokenizer tokenizer = make_tokenizer(vocabulary);
  EXPECT_THAT(tokenizer.encode("a\x04"
                               "b\x04"
                               "ab"),
              ElementsAre('a', 'b', 256));
  // A piece outside the byte alphabet is the text that it is.
  EXPECT_EQ(tokenizer.piece(4), "plain text, 日本");
}

}  // namespace
}  // namespace msrnn
