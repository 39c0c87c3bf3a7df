#include "token_list.h"

#include <charconv>

#include "base/fail.h"

namespace msrnn {

std::vector<Token> parse_tokens(std::string_view text, int vocabulary, const std::string& source) {
  constexpr std::string_view kBlanks = " \t\r\n";
  constexpr std::size_t kShown = 40;
  std::vector<Token> tokens;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return tokens;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    Token token = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (error != std::errc{} || end != word.data() + word.size() || token < 0 || token >= vocabulary) {
      fail("{}: word {}: expected a token id from 0 to {}, found '{}'", source, tokens.size() + 1,
           vocabulary - 1, word.substr(0, kShown));
    }
    tokens.push_back(token);
  }
}

}  // namespace msrnn
