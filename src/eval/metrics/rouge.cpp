#include "eval/metrics/rouge.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eval/metrics/lower_case.h"

namespace msrnn {
namespace {

// Words by number, so that comparing them costs the same whatever their length.
using Words = std::vector<std::uint32_t>;
using Numbers = std::unordered_map<std::string, std::uint32_t>;

Words split(std::string_view text, Numbers& numbers) {
  Words words;
  std::string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    words.push_back(numbers.try_emplace(word, static_cast<std::uint32_t>(numbers.size())).first->second);
    word.clear();
  };
  for (const char32_t c : lower_case(decode_text(text))) {
    if ((c >= U'a' && c <= U'z') || (c >= U'0' && c <= U'9')) {
      word.push_back(static_cast<char>(c));
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

double f_measure(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

// Of n words each, as one number, sorted.
std::vector<std::uint64_t> grams(const Words& words, std::size_t n) {
  std::vector<std::uint64_t> found;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    found.push_back(n == 1 ? words[i] : std::uint64_t{words[i]} << 32 | words[i + 1]);
  }
  std::sort(found.begin(), found.end());
  return found;
}

double overlap(const Words& prediction, const Words& reference, std::size_t n) {
  const std::vector<std::uint64_t> a = grams(prediction, n), b = grams(reference, n);
  std::vector<std::uint64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const auto shared = static_cast<double>(both.size());
  const auto count = [](const auto& all) {
    return static_cast<double>(std::max<std::size_t>(all.size(), 1));
  };
  return f_measure(shared / count(a), shared / count(b));
}

std::size_t common_subsequence(const Words& a, const Words& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const std::uint32_t word : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t longest = word == b[j - 1] ? diagonal + 1 : std::max(row[j], row[j - 1]);
      diagonal = std::exchange(row[j], longest);
    }
  }
  return row.back();
}

}  // namespace

Rouge rouge(std::string_view prediction, std::string_view reference) {
  Numbers numbers;
  const Words a = split(prediction, numbers), b = split(reference, numbers);
  if (a.empty() || b.empty()) return {};
  const auto common = static_cast<double>(common_subsequence(a, b));
  return {overlap(a, b, 1), overlap(a, b, 2),
          f_measure(common / static_cast<double>(a.size()), common / static_cast<double>(b.size()))};
}

}  // namespace msrnn
