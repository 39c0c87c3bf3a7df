#include "tokenizer/special_tokens.h"

#include <algorithm>
#include <functional>

#include "base/utf8.h"

namespace msrnn {
namespace {

// Unicode's property White_Space.
bool is_white_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

// Bytes of white space at the beginning of `text`.
std::size_t white_space_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const Utf8Char c = decode_utf8(text.substr(i));
    if (c.status != Utf8Status::valid || !is_white_space(c.code)) break;
    i += c.length;
  }
  return i;
}

std::size_t white_space_suffix(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    if (white_space_prefix(text.substr(begin, end - begin)) != end - begin) break;
    end = begin;
  }
  return text.size() - end;
}

}  // namespace

void SpecialTokens::add(std::string_view text, Token token, Strip strip) {
  if (text.empty()) return;
  tokens_.emplace(text, Entry{token, strip});
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
      if (found == tokens_.end()) continue;
      const auto [token, strip] = found->second;
      const std::size_t left = strip.left ? white_space_suffix(text.substr(begin, i - begin)) : 0;
      const std::size_t right = strip.right ? white_space_prefix(text.substr(i + length)) : 0;
      return {i - left, left + length + right, token};
    }
  }
  return {};
}

}  // namespace msrnn
