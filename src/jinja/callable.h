// What filters, tests, methods and global functions are: plain functions of a value and arguments.
#pragma once

#include <ctime>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/budget.h"
#include "jinja/value.h"

namespace msrnn::jinja {

// What built-in functions may use of the rendering they run in.
struct Context {
  Budget budget;
  std::function<std::tm()> clock;  // for strftime_now
  int line = 1;                    // of the template, where the interpreter is

  // Values whose memory is paid for.
  Value text(std::string s) {
    budget.charge(s.size() + sizeof(std::string));
    return Value::text(std::move(s));
  }
  Value list(std::vector<Value> items, SequenceKind kind = SequenceKind::kList) {
    budget.step(items.size());
    budget.charge(items.size() + 2, sizeof(Value));
    return Value::list(std::move(items), kind);
  }
  Value dict(std::vector<Entry> entries) {
    budget.charge(entries.size() + 2, sizeof(Entry));
    return Value::dict(std::move(entries));
  }
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  // The argument at `index` or called `name`; null where it is not given.
  const Value* find(std::size_t index, std::string_view name) const;
  // The same; throws Error where it is not given.
  const Value& require(std::size_t index, std::string_view name) const;
  // A number, a string or a truth value, or `fallback`. Throw Error where the type is another.
  std::int64_t integer(std::size_t index, std::string_view name, std::int64_t fallback) const;
  std::string text(std::size_t index, std::string_view name, std::string_view fallback) const;
  bool truth(std::size_t index, std::string_view name) const;  // false where it is not given
  // Throws Error where more positional or other named arguments are given than `names`.
  void expect(std::initializer_list<std::string_view> names) const;
};

using Function = Value (*)(Context&, const Value& self, const Arguments&);
using Test = bool (*)(Context&, const Value& subject, const Arguments&);

struct Macro;
struct Scope;

// A function with the object it is a method of, or a macro with the scope it was defined in.
struct Callable {
  Function function = nullptr;
  Value self;
  const Macro* macro = nullptr;  // lives in the template
  std::weak_ptr<Scope> scope;    // weak: the scope owns the macro
};

// Null where there is none of that name.
Function find_filter(std::string_view name);
Test find_test(std::string_view name);
Function find_method(const Value& object, std::string_view name);
Function find_global(std::string_view name);

// Throw Error for an unknown name.
Value apply_filter(Context& context, std::string_view name, const Value& input, const Arguments& arguments);
bool apply_test(Context& context, std::string_view name, const Value& subject, const Arguments& arguments);

// Throws Error, with the name, where the value is undefined.
void check_defined(const Value& value);

// object.name and object[key]: undefined where there is no such thing, an Error where the object is
// undefined.
Value get_attribute(Context& context, const Value& object, std::string_view name);
Value get_item(Context& context, const Value& object, const Value& key);

}  // namespace msrnn::jinja
