// Python's operators and conversions on values. All throw Error where Python raises.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>

#include "jinja/ast.h"
#include "jinja/callable.h"

namespace msrnn::jinja {

bool is_true(const Value& value);
bool equal(Context& context, const Value& a, const Value& b);
// Numbers, strings (by code point), lists and tuples (item by item). Unordered where a number is NaN.
std::partial_ordering compare(Context& context, const Value& a, const Value& b);
bool contains(Context& context, const Value& container, const Value& item);
Value arithmetic(Context& context, ArithmeticOperator op, const Value& a, const Value& b);
Value negative(const Value& value);

// len(): nothing where the type has none.
std::optional<std::size_t> length(const Value& value);
// The items of what a `for` may run over: of a list, the characters of a string, the keys of a dict.
ListPointer elements(Context& context, const Value& value);
// value[begin:end:step], the bounds None where left out.
Value slice(Context& context, const Value& value, const std::array<Value, 3>& bounds);
// The value of an equal key; null where there is none.
const Value* find_key(Context& context, const Dict& dict, const Value& key);
// Adds or replaces.
void insert_key(Context& context, std::vector<Entry>& entries, Value key, Value value);

// str() and repr().
std::string to_text(Context& context, const Value& value);
std::string to_repr(Context& context, const Value& value);
// str() without a copy of what is a string already.
Text as_text(Context& context, const Value& value);

struct JsonStyle {
  std::optional<std::string> indent;  // of one level; nothing: all on one line
  std::string item_separator = ", ", key_separator = ": ";
  enum class Keys { kInserted, kSorted } keys = Keys::kInserted;
  enum class Charset { kUnicode, kAscii } charset = Charset::kUnicode;
};
// json.dumps().
std::string to_json(Context& context, const Value& value, const JsonStyle& style);

// repr() of a float: the shortest digits that read back as the same number.
std::string format_float(double value);

}  // namespace msrnn::jinja
