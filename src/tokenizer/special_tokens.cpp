#include "tokenizer/special_tokens.h"

#include <algorithm>
#include <functional>

namespace msrnn {

void SpecialTokens::add(std::string_view text, Token token) {
  if (text.empty()) return;
  tokens_.emplace(text, token);
  first_bytes_[static_cast<unsigned char>(text[0])] = true;
  const auto place = std::lower_bound(lengths_.begin(), lengths_.end(), text.size(), std::greater<>());
  if (place == lengths_.end() || *place != text.size()) lengths_.insert(place, text.size());
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, std::size_t begin) const {
  if (tokens_.empty()) return {};
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (!first_bytes_[static_cast<unsigned char>(text[i])]) continue;
    for (const std::size_t length : lengths_) {
      if (length > text.size() - i) continue;
      const auto found = tokens_.find(text.substr(i, length));
      if (found != tokens_.end()) return {i, length, found->second};
    }
  }
  return {};
}

}  // namespace msrnn
