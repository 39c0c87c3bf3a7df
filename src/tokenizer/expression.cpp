#include "tokenizer/expression.h"

#include <array>
#include <cctype>

#include "base/fail.h"

namespace msrnn {
namespace {

class Translator {
 public:
  explicit Translator(std::string_view source) : source_(source) {}

  std::string run() {
    while (at_ < source_.size()) {
      switch (source_[at_]) {
        case '\\':
          escape();
          break;
        case '[':
          character_class();
          break;
        case '(':
          group();
          break;
        case '{':
          repeat();
          break;
        // Ruby's are about lines always.
        case '^':
        case '$':
          out_ += fmt::format("(?m:{})", source_[at_++]);
          break;
        default:
          out_ += source_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  std::string_view rest() const { return source_.substr(at_); }

  [[noreturn]] void refuse(std::string_view what) const {
    fail("regular expression {}, at {}: {} is not supported", source_, at_, what);
  }

  void escape() {
    if (at_ + 1 == source_.size()) refuse("a backslash at the end");
    const char c = source_[at_ + 1];
    switch (c) {
      case 's':
        return put("\\p{White_Space}", 2);  // PCRE2's \s adds U+180E
      case 'S':
        return put("\\P{White_Space}", 2);
      case 'd':
        return put("\\p{Nd}", 2);
      case 'D':
        return put("\\P{Nd}", 2);
      case 'v':
        return put("\\x0b", 2);
      case 'r':
      case 'n':
      case 't':
      case 'f':
        return put(source_.substr(at_, 2), 2);
      case 'p':
      case 'P':
        return property();
      case 'u':
        return code_point();
      default:
        if (std::ispunct(static_cast<unsigned char>(c)) == 0) refuse(source_.substr(at_, 2));
        put(source_.substr(at_, 2), 2);
    }
  }

  void put(std::string_view text, std::size_t read) {
    out_ += text;
    at_ += read;
  }

  void property() {
    const std::size_t end = rest().find('}');
    if (at_ + 2 >= source_.size() || source_[at_ + 2] != '{' || end == std::string_view::npos) {
      refuse("a property without braces");
    }
    put(rest().substr(0, end + 1), end + 1);
  }

  void code_point() {
    const std::string_view digits = rest().substr(2, 4);
    for (const char c : digits) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) refuse("\\u without four digits");
    }
    if (digits.size() != 4) refuse("\\u without four digits");
    put(fmt::format("\\x{{{}}}", digits), 6);
  }

  void group() {
    constexpr std::array<std::string_view, 7> kKnown = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"};
    if (!rest().starts_with("(?")) {
      if (rest().starts_with("(*")) refuse("(*");
      return put("(?:", 1);
    }
    for (const std::string_view known : kKnown) {
      if (rest().starts_with(known)) return put(known, known.size());
    }
    refuse(rest().substr(0, 3));
  }

  // {n}, {n,} or {n,m}; a brace that is none of these stands for itself.
  void repeat() {
    std::size_t end = 1;
    const auto digits = [&] {
      const std::size_t begin = end;
      while (end < rest().size() && std::isdigit(static_cast<unsigned char>(rest()[end])) != 0) ++end;
      return end > begin;
    };
    if (rest().starts_with("{,")) refuse("{,");
    bool is_repeat = digits();
    if (is_repeat && rest().substr(end).starts_with(',')) {
      ++end;
      digits();
    }
    is_repeat = is_repeat && rest().substr(end).starts_with('}');
    if (!is_repeat) return put("\\{", 1);
    const std::string_view after = rest().substr(end + 1);
    // Possessive and lazy to PCRE2, a second repeat to Ruby.
    if (after.starts_with('+') || after.starts_with('?')) refuse("a sign after a repeat in braces");
    put(rest().substr(0, end + 1), end + 1);
  }

  void character_class() {
    put("[", 1);
    if (rest().starts_with('^')) put("^", 1);
    if (rest().starts_with(']')) refuse("a class that begins with ]");
    while (!rest().starts_with(']')) {
      if (rest().empty()) refuse("a class without end");
      if (rest().starts_with('[')) refuse("a class inside a class");
      if (rest().starts_with("&&")) refuse("an intersection of classes");
      if (rest().starts_with('\\')) {
        escape();
      } else {
        out_ += source_[at_++];
      }
    }
    put("]", 1);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string pcre2_expression(std::string_view oniguruma) { return Translator(oniguruma).run(); }

}  // namespace msrnn
