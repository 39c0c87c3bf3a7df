#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "jinja/number.h"
#include "jinja/operations.h"

namespace msrnn::jinja {
namespace {

using Integer = std::int64_t;

std::string_view symbol(ArithmeticOperator op) {
  static constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kSymbols[static_cast<std::size_t>(op)];
}

[[noreturn]] void fail_overflow() { fail("an integer does not fit into 64 bits"); }

Integer multiply(Integer a, Integer b) {
  Integer result = 0;
  if (__builtin_mul_overflow(a, b, &result)) fail_overflow();
  return result;
}

// Rounds down, as Python does, not towards zero.
Integer floor_divide(Integer a, Integer b) {
  if (b == -1) return multiply(a, b);
  const Integer quotient = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? quotient - 1 : quotient;
}

Integer modulo(Integer a, Integer b) {
  if (b == -1) return 0;
  const Integer remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double modulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder != 0) return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  return std::copysign(0.0, b);
}

Integer power(Integer base, Integer exponent) {
  Integer result = 1;
  for (; exponent != 0; exponent /= 2) {
    if (exponent % 2 != 0) result = multiply(result, base);
    if (exponent > 1) base = multiply(base, base);
  }
  return result;
}

Value integer_arithmetic(ArithmeticOperator op, Integer a, Integer b) {
  Integer result = 0;
  switch (op) {
    case ArithmeticOperator::kAdd:
      if (__builtin_add_overflow(a, b, &result)) fail_overflow();
      return Value::integer(result);
    case ArithmeticOperator::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) fail_overflow();
      return Value::integer(result);
    case ArithmeticOperator::kMultiply:
      return Value::integer(multiply(a, b));
    case ArithmeticOperator::kDivide:
      return Value::real(static_cast<double>(a) / static_cast<double>(b));
    case ArithmeticOperator::kFloorDivide:
      return Value::integer(floor_divide(a, b));
    case ArithmeticOperator::kModulo:
      return Value::integer(modulo(a, b));
    case ArithmeticOperator::kPower:
      break;
  }
  if (b < 0) return Value::real(std::pow(static_cast<double>(a), static_cast<double>(b)));
  if (a == 0 || a == 1) return Value::integer(b == 0 ? 1 : a);
  if (a == -1) return Value::integer(b % 2 == 0 ? 1 : -1);
  return Value::integer(power(a, b));
}

Value real_power(double a, double b) {
  if (a < 0 && std::isfinite(b) && b != std::floor(b)) fail("a power of a negative number is not real");
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) fail("a power is too large for a float");
  return Value::real(result);
}

Value real_arithmetic(ArithmeticOperator op, double a, double b) {
  switch (op) {
    case ArithmeticOperator::kAdd:
      return Value::real(a + b);
    case ArithmeticOperator::kSubtract:
      return Value::real(a - b);
    case ArithmeticOperator::kMultiply:
      return Value::real(a * b);
    case ArithmeticOperator::kDivide:
      return Value::real(a / b);
    case ArithmeticOperator::kFloorDivide:
      return Value::real(std::floor(a / b));
    case ArithmeticOperator::kModulo:
      return Value::real(modulo(a, b));
    case ArithmeticOperator::kPower:
      break;
  }
  return real_power(a, b);
}

Value number_arithmetic(ArithmeticOperator op, const Value& a, const Value& b) {
  const bool divides = op == ArithmeticOperator::kDivide || op == ArithmeticOperator::kFloorDivide ||
                       op == ArithmeticOperator::kModulo;
  const bool inverts = op == ArithmeticOperator::kPower && real(a) == 0 && real(b) < 0;
  if ((divides && real(b) == 0) || inverts) fail("division by zero");
  if (a.is<double>() || b.is<double>()) return real_arithmetic(op, real(a), real(b));
  return integer_arithmetic(op, integral(a), integral(b));
}

Value repeat(Context& context, const Value& value, Integer times) {
  const auto n = static_cast<std::size_t>(std::max<Integer>(times, 0));
  if (value.is_text()) {
    const std::string& part = value.text();
    context.budget.charge(n, part.size());
    std::string out;
    if (part.empty()) return Value::text(out);
    out.reserve(n * part.size());
    for (std::size_t i = 0; i < n; ++i) out += part;
    return Value::text(std::move(out));
  }
  const List& list = value.list();
  context.budget.charge(n, list.items.size() * sizeof(Value));
  std::vector<Value> items;
  if (list.items.empty()) return Value::list(items, list.kind);
  items.reserve(n * list.items.size());
  for (std::size_t i = 0; i < n; ++i) items.insert(items.end(), list.items.begin(), list.items.end());
  return Value::list(std::move(items), list.kind);
}

Value concatenate(Context& context, const List& a, const List& b) {
  context.budget.charge(a.items.size() + b.items.size(), sizeof(Value));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return Value::list(std::move(items), a.kind);
}

}  // namespace

Value arithmetic(Context& context, ArithmeticOperator op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return number_arithmetic(op, a, b);
  if (op == ArithmeticOperator::kAdd && a.is_text() && b.is_text()) {
    context.budget.charge(a.text().size() + b.text().size());
    return Value::text(a.text() + b.text());
  }
  if (op == ArithmeticOperator::kAdd && a.is_list() && b.is_list() && a.list().kind == b.list().kind) {
    return concatenate(context, a.list(), b.list());
  }
  if (op == ArithmeticOperator::kMultiply) {
    const auto repeats = [](const Value& x) { return x.is_text() || x.is_list(); };
    if (repeats(a) && is_integral(b)) return repeat(context, a, integral(b));
    if (is_integral(a) && repeats(b)) return repeat(context, b, integral(a));
  }
  check_defined(a);
  check_defined(b);
  fail("operator {} is not defined for {} and {}", symbol(op), type_name(a), type_name(b));
}

Value negative(const Value& value) {
  if (!value.is_number()) fail("the sign of a {} cannot change", type_name(value));
  if (value.is<double>()) return Value::real(-value.get<double>());
  if (integral(value) == std::numeric_limits<Integer>::min()) fail_overflow();
  return Value::integer(-integral(value));
}

}  // namespace msrnn::jinja
