#include "jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/fail.h"
#include "jinja/string_literal.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

// One kind of line end, and no single one at the end of the template, as Jinja reads its source.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_newlines(source)) {}

  std::vector<Token> run() {
    while (position_ < source_.size()) read_data();
    push(TokenKind::kEnd, {});
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(position_); }
  bool at(std::string_view text) const { return rest().starts_with(text); }
  bool at_end() const { return position_ >= source_.size(); }

  [[noreturn]] void fail_here(std::string_view what) const {
    fail("chat template, line {}: {}", line_, what);
  }

  void push(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  void advance(std::size_t n) {
    line_ += static_cast<int>(std::ranges::count(rest().substr(0, n), '\n'));
    position_ += n;
  }

  void skip_space() {
    while (!at_end()) {
      const CodePoint point = code_point_at(source_, position_);
      if (!is_space(point.value) || (point.size == 1 && point.value >= 0x80)) return;
      advance(point.size);
    }
  }

  // Text up to the next tag, then the tag.
  void read_data() {
    std::size_t tag = 0;
    for (;; ++tag) {
      tag = rest().find('{', tag);
      if (tag == std::string_view::npos) break;
      const char next = tag + 1 < rest().size() ? rest()[tag + 1] : ' ';
      if (next == '{' || next == '%' || next == '#') break;
    }
    const bool found = tag != std::string_view::npos;
    const std::string_view data = rest().substr(0, tag);
    if (!found) {
      push_data(data);
      advance(data.size());
      return;
    }
    const char type = rest()[tag + 1];
    const char sign = tag + 2 < rest().size() ? rest()[tag + 2] : ' ';
    push_data(cut_end(data, sign, type));
    advance(tag + (sign == '-' || (sign == '+' && type != '{') ? 3 : 2));
    if (type == '#') return skip_comment();
    if (type == '%' && try_raw()) return;
    read_tag(type == '{' ? TokenKind::kPrintBegin : TokenKind::kBlockBegin);
  }

  void push_data(std::string_view data) {
    if (!data.empty()) push(TokenKind::kData, std::string(data));
  }

  // What is left of the text before a tag `{type sign`.
  std::string_view cut_end(std::string_view data, char sign, char type) const {
    if (sign == '-') return strip(data, Side::kRight);
    if (sign == '+' || type == '{') return data;
    const std::size_t newline = data.rfind('\n');
    if (newline == std::string_view::npos && !line_start_) return data;
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    return strip(data.substr(begin), Side::kBoth).empty() ? data.substr(0, begin) : data;
  }

  // Behind the sign and the closing characters of a tag: `-` eats all white space, a block one newline.
  void finish_tag(char sign, std::string_view close) {
    const std::size_t begin = position_;
    advance((sign == '-' || sign == '+' ? 1 : 0) + close.size());
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && close != "}}" && at("\n")) {
      advance(1);
    }
    line_start_ = position_ > begin && source_[position_ - 1] == '\n';
  }

  void skip_comment() {
    const std::size_t end = rest().find("#}");
    if (end == std::string_view::npos) fail_here("a comment is not closed");
    const char sign = end > 0 ? rest()[end - 1] : ' ';
    const bool signed_end = sign == '-' || sign == '+';
    advance(signed_end ? end - 1 : end);
    finish_tag(signed_end ? sign : ' ', "#}");
  }

  // `name` and the end of a block tag here? Gives the sign before `%}`, or 0.
  char match_word(std::string_view name, std::size_t& length) const {
    std::string_view s = rest();
    const auto skip = [&](std::size_t n) { s.remove_prefix(n); };
    while (!s.empty() && is_space(static_cast<unsigned char>(s[0]))) skip(1);
    if (!s.starts_with(name)) return 0;
    skip(name.size());
    while (!s.empty() && is_space(static_cast<unsigned char>(s[0]))) skip(1);
    length = rest().size() - s.size();
    if (s.starts_with("%}")) return ' ';
    if (s.starts_with("-%}")) return '-';
    return s.starts_with("+%}") ? '+' : '\0';
  }

  // `{% raw %} … {% endraw %}`; the opening tag keeps the newline behind it.
  bool try_raw() {
    std::size_t length = 0;
    const char sign = match_word("raw", length);
    if (sign == 0 || sign == '+') return false;
    advance(length + (sign == '-' ? 3 : 2));
    if (sign == '-') skip_space();
    line_start_ = source_[position_ - 1] == '\n';
    const std::size_t start = position_;
    for (std::size_t end = start; (end = source_.find("{%", end)) != std::string::npos; end += 2) {
      const char open = end + 2 < source_.size() ? source_[end + 2] : ' ';
      advance(end - position_ + (open == '-' || open == '+' ? 3 : 2));
      const char close = match_word("endraw", length);
      if (close == 0) continue;
      push_data(cut_end(std::string_view(source_).substr(start, end - start), open, '%'));
      advance(length);
      finish_tag(close, "%}");
      return true;
    }
    fail_here("a raw block is not closed");
  }

  void read_tag(TokenKind begin) {
    push(begin, {});
    const std::string_view close = begin == TokenKind::kPrintBegin ? "}}" : "%}";
    const std::size_t outer = brackets_.size();
    for (;;) {
      skip_space();
      if (at_end()) fail_here("a tag is not closed");
      if (brackets_.size() == outer) {
        const char sign = rest()[0] == '-' || (rest()[0] == '+' && close == "%}") ? rest()[0] : ' ';
        if (rest().substr(sign == ' ' ? 0 : 1).starts_with(close)) {
          push(begin == TokenKind::kPrintBegin ? TokenKind::kPrintEnd : TokenKind::kBlockEnd, {});
          return finish_tag(sign, close);
        }
      }
      read_token();
    }
  }

  void read_token() {
    const char c = rest()[0];
    if (is_name_start(c)) {
      push_prefix(TokenKind::kName, is_name_part);
    } else if (is_digit(c)) {
      read_number();
    } else if (c == '\'' || c == '"') {
      read_string(c);
    } else {
      read_operator();
    }
  }

  template <class Predicate>
  void push_prefix(TokenKind kind, Predicate belongs) {
    std::size_t n = 0;
    while (n < rest().size() && belongs(rest()[n])) ++n;
    push(kind, std::string(rest().substr(0, n)));
    advance(n);
  }

  void read_number() {
    const bool prefixed =
        rest()[0] == '0' && rest().size() > 1 && std::isalpha(static_cast<unsigned char>(rest()[1]));
    if (prefixed && rest()[1] != 'e' && rest()[1] != 'E')
      return push_prefix(TokenKind::kInteger, is_name_part);
    const std::string_view s = rest();
    const auto digits_from = [&](std::size_t i) {
      while (i < s.size() && (is_digit(s[i]) || (s[i] == '_' && i + 1 < s.size() && is_digit(s[i + 1])))) ++i;
      return i;
    };
    std::size_t end = digits_from(0);
    TokenKind kind = TokenKind::kInteger;
    if (end + 1 < s.size() && s[end] == '.' && is_digit(s[end + 1])) {
      end = digits_from(end + 1);
      kind = TokenKind::kFloat;
    }
    if (end < s.size() && (s[end] == 'e' || s[end] == 'E')) {
      const std::size_t sign = end + 1 < s.size() && (s[end + 1] == '+' || s[end + 1] == '-') ? 1 : 0;
      if (const std::size_t exponent = digits_from(end + 1 + sign); exponent > end + 1 + sign) {
        end = exponent;
        kind = TokenKind::kFloat;
      }
    }
    std::string text(s.substr(0, end));
    std::erase(text, '_');
    push(kind, std::move(text));
    advance(end);
  }

  void read_string(char quote) {
    const std::string_view s = rest();
    std::size_t end = 1;
    while (end < s.size() && s[end] != quote) end += s[end] == '\\' ? 2 : 1;
    if (end >= s.size()) fail_here("a string is not closed");
    try {
      push(TokenKind::kString, resolve_escapes(s.substr(1, end - 1)));
    } catch (const Error& error) {
      fail_here(error.what());
    }
    advance(end + 1);
  }

  void read_operator() {
    static constexpr std::array<std::string_view, 6> kPairs = {"==", "!=", "<=", ">=", "//", "**"};
    static constexpr std::string_view kSingles = "+-*/%~=<>()[]{}.,:|";
    for (const std::string_view pair : kPairs) {
      if (!at(pair)) continue;
      push(TokenKind::kOperator, std::string(pair));
      return advance(pair.size());
    }
    const char c = rest()[0];
    if (kSingles.find(c) == std::string_view::npos) {
      fail_here(fmt::format("unexpected character '{}'", rest().substr(0, code_point_at(rest(), 0).size)));
    }
    balance(c);
    push(TokenKind::kOperator, std::string(1, c));
    advance(1);
  }

  // While a bracket is open, `}}` and `%}` do not end the tag.
  void balance(char c) {
    if (c == '(') brackets_ += ')';
    if (c == '[') brackets_ += ']';
    if (c == '{') brackets_ += '}';
    if (c != ')' && c != ']' && c != '}') return;
    if (brackets_.empty() || brackets_.back() != c) fail_here(fmt::format("unexpected '{}'", c));
    brackets_.pop_back();
  }

  std::string source_;
  std::size_t position_ = 0;
  int line_ = 1;
  bool line_start_ = true;  // the text before position_ ends a line or is a tag that took a whole one
  std::string brackets_;    // closing brackets still expected
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize_template(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    fail("chat template: expected at most {} bytes, found {}", kMaxTemplateBytes, source.size());
  }
  return Lexer(source).run();
}

}  // namespace msrnn::jinja
