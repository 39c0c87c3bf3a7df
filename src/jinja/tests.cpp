// What stands behind `is`.
#include <array>

#include "base/fail.h"
#include "jinja/callable.h"
#include "jinja/number.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

template <auto predicate>
bool test_type(Context&, const Value& subject, const Arguments& arguments) {
  arguments.expect({});
  return predicate(subject);
}

template <auto holds>
bool test_order(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({"other"});
  return holds(compare(context, subject, arguments.require(0, "other")));
}

template <Relation relation>
bool test_equal(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({"other"});
  return equal(context, subject, arguments.require(0, "other")) == (relation == Relation::kEqual);
}

bool test_in(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({"seq"});
  return contains(context, arguments.require(0, "seq"), subject);
}

bool divides(Context& context, const Value& subject, const Value& divisor) {
  const Value rest = arithmetic(context, ArithmeticOperator::kModulo, subject, divisor);
  if (!rest.is_number()) fail("cannot divide {} by {}", type_name(subject), type_name(divisor));
  return real(rest) == 0;
}

bool test_even(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({});
  return divides(context, subject, Value::integer(2));
}

bool test_odd(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({});
  const Value rest = arithmetic(context, ArithmeticOperator::kModulo, subject, Value::integer(2));
  return rest.is_number() && real(rest) == 1;
}

bool test_divisible(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({"num"});
  return divides(context, subject, arguments.require(0, "num"));
}

// The same object: for what has no identity here, the same type and value.
bool test_same(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({"other"});
  const Value& other = arguments.require(0, "other");
  if (subject.data().index() != other.data().index()) return false;
  if (subject.is_list()) return subject.get<ListPointer>() == other.get<ListPointer>();
  if (subject.is_dict()) return subject.get<DictPointer>() == other.get<DictPointer>();
  return equal(context, subject, other);
}

template <auto predicate>
bool test_case(Context& context, const Value& subject, const Arguments& arguments) {
  arguments.expect({});
  return predicate(*as_text(context, subject));
}

bool is_iterable(const Value& v) {
  return v.is_undefined() || v.is_text() || v.is_list() || v.is_dict() || v.is<LoopPointer>();
}

bool is_sequence(const Value& v) { return v.is_undefined() || v.is_text() || v.is_list() || v.is_dict(); }

bool is_callable(const Value& v) { return v.is<CallablePointer>(); }

struct NamedTest {
  std::string_view name;
  Test test;
};

constexpr auto kIsLess = [](std::partial_ordering o) { return o < 0; };
constexpr auto kIsLessEqual = [](std::partial_ordering o) { return o <= 0; };
constexpr auto kIsGreater = [](std::partial_ordering o) { return o > 0; };
constexpr auto kIsGreaterEqual = [](std::partial_ordering o) { return o >= 0; };

constexpr NamedTest kTests[] = {
    {"defined", test_type<[](const Value& v) { return !v.is_undefined(); }>},
    {"undefined", test_type<[](const Value& v) { return v.is_undefined(); }>},
    {"none", test_type<[](const Value& v) { return v.is_none(); }>},
    {"string", test_type<[](const Value& v) { return v.is_text(); }>},
    {"mapping", test_type<[](const Value& v) { return v.is_dict(); }>},
    {"iterable", test_type<is_iterable>},
    {"sequence", test_type<is_sequence>},
    {"callable", test_type<is_callable>},
    {"number", test_type<[](const Value& v) { return v.is_number(); }>},
    {"integer", test_type<[](const Value& v) { return v.is<std::int64_t>(); }>},
    {"float", test_type<[](const Value& v) { return v.is<double>(); }>},
    {"boolean", test_type<[](const Value& v) { return v.is<bool>(); }>},
    {"true", test_type<[](const Value& v) { return v.is<bool>() && v.get<bool>(); }>},
    {"false", test_type<[](const Value& v) { return v.is<bool>() && !v.get<bool>(); }>},
    {"lower", test_case<is_lower>},
    {"upper", test_case<is_upper>},
    {"even", test_even},
    {"odd", test_odd},
    {"divisibleby", test_divisible},
    {"sameas", test_same},
    {"in", test_in},
    {"eq", test_equal<Relation::kEqual>},
    {"equalto", test_equal<Relation::kEqual>},
    {"==", test_equal<Relation::kEqual>},
    {"ne", test_equal<Relation::kNotEqual>},
    {"!=", test_equal<Relation::kNotEqual>},
    {"lt", test_order<kIsLess>},
    {"lessthan", test_order<kIsLess>},
    {"<", test_order<kIsLess>},
    {"le", test_order<kIsLessEqual>},
    {"<=", test_order<kIsLessEqual>},
    {"gt", test_order<kIsGreater>},
    {"greaterthan", test_order<kIsGreater>},
    {">", test_order<kIsGreater>},
    {"ge", test_order<kIsGreaterEqual>},
    {">=", test_order<kIsGreaterEqual>},
};

}  // namespace

Test find_test(std::string_view name) {
  for (const NamedTest& entry : kTests) {
    if (entry.name == name) return entry.test;
  }
  return nullptr;
}

}  // namespace msrnn::jinja
