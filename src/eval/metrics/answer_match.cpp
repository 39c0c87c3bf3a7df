#include "eval/metrics/answer_match.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "eval/metrics/lower_case.h"

namespace msrnn {
namespace {

bool is_ascii_punctuation(char32_t c) {
  return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') ||
         (c >= U'{' && c <= U'~');
}

bool is_article(std::u32string_view word) { return word == U"a" || word == U"an" || word == U"the"; }

// An article is a run of word characters; what follows it may still be part of what white space separates:
// "a\u0301b" is "\u0301b" without it.
std::u32string without_articles(std::u32string_view text) {
  std::u32string kept;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
    end = begin + 1;
    if (!is_word(text[begin])) {
      kept.push_back(text[begin]);
      continue;
    }
    while (end < text.size() && is_word(text[end])) ++end;
    const std::u32string_view run = text.substr(begin, end - begin);
    kept += is_article(run) ? U" " : run;
  }
  return kept;
}

// Sorted.
std::vector<std::u32string> normalised_words(std::string_view text) {
  std::u32string lower = lower_case(decode_text(text));
  std::erase_if(lower, is_ascii_punctuation);
  const std::u32string kept = without_articles(lower);
  std::vector<std::u32string> words;
  for (auto at = kept.begin(); at != kept.end();) {
    const auto begin = std::find_if_not(at, kept.end(), is_space);
    at = std::find_if(begin, kept.end(), is_space);
    if (begin != at) words.emplace_back(begin, at);
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

double token_f1(std::string_view prediction, std::string_view reference) {
  const std::vector<std::u32string> a = normalised_words(prediction), b = normalised_words(reference);
  std::vector<std::u32string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  if (both.empty()) return 0;
  const auto shared = static_cast<double>(both.size());
  const double precision = shared / static_cast<double>(a.size());
  const double recall = shared / static_cast<double>(b.size());
  return 2 * precision * recall / (precision + recall);
}

std::optional<char> chosen_letter(std::string_view text) {
  const std::u32string characters = decode_text(text);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    if (c < U'A' || c > U'D') continue;
    const bool begins = i == 0 || !is_word(characters[i - 1]);
    const bool ends = i + 1 == characters.size() || !is_word(characters[i + 1]);
    if (begins && ends) return static_cast<char>(c);
  }
  return std::nullopt;
}

}  // namespace msrnn
