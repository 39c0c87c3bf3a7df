#include "eval/repetition.h"

#include <algorithm>
#include <set>
#include <vector>

namespace msrnn {

double distinct(std::span<const Token> text, int n) {
  const auto length = static_cast<std::size_t>(n);
  if (text.size() < length + 1) return 1;
  std::set<std::vector<Token>> different;
  const std::size_t all = text.size() - length + 1;
  for (std::size_t i = 0; i < all; ++i) {
    const auto gram = text.subspan(i, length);
    different.emplace(gram.begin(), gram.end());
  }
  return static_cast<double>(different.size()) / static_cast<double>(all);
}

// At every distance d: how many tokens in a row are equal to those d before them?
Repetition find_repetition(std::span<const Token> text) {
  Repetition found;
  const auto length = std::ssize(text);
  const auto equal_at = [&](std::int64_t i, std::int64_t d) {
    return text[static_cast<std::size_t>(i)] == text[static_cast<std::size_t>(i - d)];
  };
  for (std::int64_t d = 1; d < length; ++d) {
    std::int64_t equal = 0, most = 0;
    for (std::int64_t i = d; i < length; ++i) {
      equal = equal_at(i, d) ? equal + 1 : 0;
      most = std::max(most, equal);
    }
    if (most >= d) found.longest_loop = std::max(found.longest_loop, most + d);
    found.longest_repeat = std::max(found.longest_repeat, std::min(most, d));
  }
  return found;
}

}  // namespace msrnn
