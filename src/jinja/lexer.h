// A template as a flat list of tokens: text between tags, and what is inside the tags. White space is cut as
// Hugging Face's environment does (trim_blocks, lstrip_blocks and the signs of `{%-`, `-%}`, `{%+`, `+%}`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace msrnn::jinja {

enum class TokenKind {
  kData,
  kPrintBegin,  // {{
  kPrintEnd,    // }}
  kBlockBegin,  // {%
  kBlockEnd,    // %}
  kName,
  kString,  // the text is the value, escapes resolved
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;
  int line;
};

inline constexpr std::size_t kMaxTemplateBytes = 1 << 20;

// Ends with a kEnd. Throws Error, with the line.
std::vector<Token> tokenize_template(std::string_view source);

}  // namespace msrnn::jinja
