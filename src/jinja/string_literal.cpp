#include "jinja/string_literal.h"

#include <algorithm>
#include <charconv>

#include "base/fail.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

// Reads the digits at `position` and moves it behind them.
char32_t read_code(std::string_view body, std::size_t& position, std::size_t digits, int base) {
  const std::string_view text = body.substr(position, digits);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + digits) fail("broken escape in a string: \\{}", text);
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
    fail("an escape in a string names no character: {:#x}", value);
  }
  position += digits;
  return value;
}

std::size_t count_octal_digits(std::string_view body, std::size_t position) {
  std::size_t n = 0;
  while (n < 3 && position + n < body.size() && body[position + n] >= '0' && body[position + n] <= '7') ++n;
  return n;
}

// body[position] is the character after the backslash.
void append_escape(std::string& out, std::string_view body, std::size_t& position) {
  static constexpr std::string_view kNames = "\\'\"abfnrtv\n";
  static constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  const char c = body[position];
  if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
    if (at < kValues.size()) out += kValues[at];
    ++position;
  } else if (c == 'x' || c == 'u' || c == 'U') {
    ++position;
    append_code_point(out, read_code(body, position, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16));
  } else if (const std::size_t digits = count_octal_digits(body, position); digits > 0) {
    append_code_point(out, read_code(body, position, digits, 8));
  } else {
    out += '\\';
  }
}

}  // namespace

std::string resolve_escapes(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      out += body[i++];
    } else {
      append_escape(out, body, ++i);
    }
  }
  return out;
}

}  // namespace msrnn::jinja
