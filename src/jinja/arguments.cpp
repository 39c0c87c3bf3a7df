#include <algorithm>

#include "base/fail.h"
#include "jinja/callable.h"
#include "jinja/number.h"
#include "jinja/operations.h"

namespace msrnn::jinja {

const Value* Arguments::find(std::size_t index, std::string_view name) const {
  if (index < positional.size()) return &positional[index];
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

const Value& Arguments::require(std::size_t index, std::string_view name) const {
  const Value* value = find(index, name);
  if (value == nullptr) fail("the argument '{}' is missing", name);
  return *value;
}

std::int64_t Arguments::integer(std::size_t index, std::string_view name, std::int64_t fallback) const {
  const Value* value = find(index, name);
  if (value == nullptr) return fallback;
  if (!is_integral(*value)) fail("the argument '{}' must be an int, found {}", name, type_name(*value));
  return integral(*value);
}

std::string Arguments::text(std::size_t index, std::string_view name, std::string_view fallback) const {
  const Value* value = find(index, name);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_text()) fail("the argument '{}' must be a str, found {}", name, type_name(*value));
  return value->text();
}

bool Arguments::truth(std::size_t index, std::string_view name) const {
  const Value* value = find(index, name);
  return value != nullptr && is_true(*value);
}

void Arguments::expect(std::initializer_list<std::string_view> names) const {
  if (positional.size() > names.size()) {
    fail("expected at most {} arguments, found {}", names.size(), positional.size());
  }
  for (const auto& [name, value] : named) {
    const auto at = std::ranges::find(names, name);
    if (at == names.end()) fail("unknown argument '{}'", name);
    if (static_cast<std::size_t>(at - names.begin()) < positional.size())
      fail("argument '{}' given twice", name);
  }
}

Value apply_filter(Context& context, std::string_view name, const Value& input, const Arguments& arguments) {
  const Function filter = find_filter(name);
  if (filter == nullptr) fail("unknown filter '{}'", name);
  const Budget::Level level(context.budget);
  context.budget.step();
  return filter(context, input, arguments);
}

bool apply_test(Context& context, std::string_view name, const Value& subject, const Arguments& arguments) {
  const Test test = find_test(name);
  if (test == nullptr) fail("unknown test '{}'", name);
  context.budget.step();
  return test(context, subject, arguments);
}

}  // namespace msrnn::jinja
