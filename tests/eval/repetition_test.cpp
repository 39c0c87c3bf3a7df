#include "eval/repetition.h"

#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace msrnn::testing {
namespace {

using Tokens = std::vector<Token>;

Tokens part(const Tokens& text, std::size_t begin, std::size_t end) {
  return {text.begin() + static_cast<std::ptrdiff_t>(begin), text.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The definitions, word for word.
bool is_loop(const Tokens& text) {
  for (std::size_t piece = 1; 2 * piece <= text.size(); ++piece) {
    bool repeats = true;
    for (std::size_t i = piece; i < text.size(); ++i) repeats = repeats && text[i] == text[i % piece];
    if (repeats) return true;
  }
  return false;
}

Repetition by_definition(const Tokens& text) {
  Repetition found;
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t end = begin + 1; end <= text.size(); ++end) {
      const auto length = static_cast<std::int64_t>(end - begin);
      if (is_loop(part(text, begin, end))) found.longest_loop = std::max(found.longest_loop, length);
      for (std::size_t later = end; later + (end - begin) <= text.size(); ++later) {
        if (part(text, begin, end) == part(text, later, later + (end - begin))) {
          found.longest_repeat = std::max(found.longest_repeat, length);
        }
      }
    }
  }
  return found;
}

double distinct_by_definition(const Tokens& text, std::size_t n) {
  std::multiset<Tokens> all;
  for (std::size_t i = 0; i + n <= text.size(); ++i) all.insert(part(text, i, i + n));
  const std::set<Tokens> different(all.begin(), all.end());
  return all.empty() ? 1 : static_cast<double>(different.size()) / static_cast<double>(all.size());
}

Tokens random_text(std::mt19937& random, std::size_t length, unsigned vocabulary) {
  Tokens text;
  while (text.size() < length) text.push_back(static_cast<Token>(random() % vocabulary));
  return text;
}

TEST(RepetitionTest, FindsWhatTheDefinitionFinds) {
  std::mt19937 random(3);
  for (std::size_t length = 0; length <= 24; ++length) {
    for (const unsigned vocabulary : {1u, 2u, 3u, 5u, 20u}) {
      const Tokens text = random_text(random, length, vocabulary);
      const Repetition found = find_repetition(text), expected = by_definition(text);
      EXPECT_EQ(found.longest_loop, expected.longest_loop) << length << " of " << vocabulary;
      EXPECT_EQ(found.longest_repeat, expected.longest_repeat) << length << " of " << vocabulary;
      for (int n = 1; n <= 4; ++n) {
        EXPECT_DOUBLE_EQ(distinct(text, n), distinct_by_definition(text, static_cast<std::size_t>(n)));
      }
    }
  }
}

TEST(RepetitionTest, LoopsAreInDirectSuccession) {
  const Tokens loop = {9, 1, 2, 1, 2, 1, 8};
  EXPECT_EQ(find_repetition(loop).longest_loop, 5);
  EXPECT_EQ(find_repetition(loop).longest_repeat, 2);
  const Tokens repeat = {1, 2, 3, 9, 1, 2, 3};
  EXPECT_EQ(find_repetition(repeat).longest_loop, 0);
  EXPECT_EQ(find_repetition(repeat).longest_repeat, 3);
}

}  // namespace
}  // namespace msrnn::testing
