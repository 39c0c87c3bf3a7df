#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/number.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

template <class Number, class... Format>
std::optional<Number> parse_number(std::string_view s, Format... format) {
  s = strip(s, Side::kBoth);
  if (s.starts_with('+')) s.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), number, format...);
  if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> truncate(double number) {
  if (!(std::abs(number) < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> to_integer(const Value& value, int base) {
  if (is_integral(value)) return integral(value);
  if (value.is<double>()) return truncate(value.get<double>());
  if (!value.is_text()) return std::nullopt;
  std::string_view digits = strip(value.text(), Side::kBoth);
  const bool prefixed =
      digits.size() > 2 && digits[0] == '0' &&
      ((base == 16 && (digits[1] | 0x20) == 'x') || (base == 8 && (digits[1] | 0x20) == 'o') ||
       (base == 2 && (digits[1] | 0x20) == 'b'));
  if (prefixed) digits.remove_prefix(2);
  if (const auto integer = parse_number<std::int64_t>(digits, base)) return integer;
  const auto number = parse_number<double>(digits);
  return number ? truncate(*number) : std::nullopt;
}

Value to_int(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({"default", "base"});
  check_defined(self);
  const std::int64_t base = arguments.integer(1, "base", 10);
  if (base < 2 || base > 36) fail("the argument 'base' must be from 2 to 36, found {}", base);
  if (const auto integer = to_integer(self, static_cast<int>(base))) return Value::integer(*integer);
  const Value* fallback = arguments.find(0, "default");
  return fallback != nullptr ? *fallback : Value::integer(0);
}

Value to_float(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({"default"});
  check_defined(self);
  if (self.is_number()) return Value::real(real(self));
  if (self.is_text()) {
    if (const auto number = parse_number<double>(self.text())) return Value::real(*number);
  }
  const Value* fallback = arguments.find(0, "default");
  return fallback != nullptr ? *fallback : Value::real(0);
}

// Halves go to the even neighbour, as in Python. A number is exact in as many decimals as it prints.
double round_common(double number, int precision) {
  if (precision > 300 || !std::isfinite(number)) return number;
  if (precision >= 0) {
    const std::string text = fmt::format("{:.{}f}", number, precision);
    return parse_number<double>(text).value_or(number);
  }
  const double unit = std::pow(10.0, -precision);
  return std::nearbyint(number / unit) * unit;
}

Value round_number(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({"precision", "method"});
  if (!self.is_number()) fail("round needs a number, found {}", type_name(self));
  const std::int64_t precision = arguments.integer(0, "precision", 0);
  if (precision < -300 || precision > 300) fail("the argument 'precision' is out of range: {}", precision);
  const std::string method = arguments.text(1, "method", "common");
  if (method == "common") {
    const double rounded = round_common(real(self), static_cast<int>(precision));
    if (is_integral(self) && truncate(rounded)) return Value::integer(*truncate(rounded));
    return Value::real(rounded);
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return Value::real(std::ceil(real(self) * scale) / scale);
  if (method == "floor") return Value::real(std::floor(real(self) * scale) / scale);
  fail("the argument 'method' must be common, ceil or floor, found '{}'", method);
}

Value absolute(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  if (!self.is_number()) fail("abs needs a number, found {}", type_name(self));
  if (self.is<double>()) return Value::real(std::abs(self.get<double>()));
  return integral(self) < 0 ? negative(self) : Value::integer(integral(self));
}

}  // namespace

std::span<const NamedFunction> number_filters() {
  static constexpr std::array<NamedFunction, 4> kFilters = {
      {{"int", to_int}, {"float", to_float}, {"round", round_number}, {"abs", absolute}}};
  return kFilters;
}

}  // namespace msrnn::jinja
