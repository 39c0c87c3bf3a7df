#include <array>
#include <charconv>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

// The arguments behind the first n, which are those of the test or filter to apply.
Arguments without_first(const Arguments& arguments, std::size_t n) {
  Arguments rest = arguments;
  const std::size_t dropped = std::min(n, rest.positional.size());
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(dropped));
  return rest;
}

std::string first_text(const Arguments& arguments, std::size_t index, std::string_view what) {
  if (index >= arguments.positional.size()) fail("the name of the {} is missing", what);
  return arguments.text(index, what, "");
}

// What is false, none among it, has no items, as Jinja's filters of this kind see it.
ListPointer items_of(Context& context, const Value& value) {
  return is_true(value) ? elements(context, value) : context.list({}).get<ListPointer>();
}

Value map(Context& context, const Value& self, const Arguments& arguments) {
  const ListPointer list = items_of(context, self);
  std::vector<Value> results;
  if (arguments.positional.empty() && arguments.find(0, "attribute") != nullptr) {
    const Value& attribute = *arguments.find(0, "attribute");
    const Value* fallback = arguments.find(1, "default");
    for (const Value& item : list->items) {
      Value result = get_path(context, item, attribute);
      results.push_back(result.is_undefined() && fallback != nullptr ? *fallback : std::move(result));
    }
    return context.list(std::move(results));
  }
  const std::string name = first_text(arguments, 0, "filter");
  const Arguments rest = without_first(arguments, 1);
  for (const Value& item : list->items) results.push_back(apply_filter(context, name, item, rest));
  return context.list(std::move(results));
}

enum class Keep { kMatching, kOthers };

// The items for which the test, or without one their truth, holds, or the others.
template <Keep keep>
Value select(Context& context, const Value& self, const Arguments& arguments) {
  const bool tested = !arguments.positional.empty();
  const std::string name = tested ? first_text(arguments, 0, "test") : "";
  const Arguments rest = without_first(arguments, 1);
  std::vector<Value> kept;
  const ListPointer all = items_of(context, self);
  for (const Value& item : all->items) {
    const bool result = tested ? apply_test(context, name, item, rest) : is_true(item);
    if (result == (keep == Keep::kMatching)) kept.push_back(item);
  }
  return context.list(std::move(kept));
}

template <Keep keep>
Value select_attribute(Context& context, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("the name of the attribute is missing");
  const bool tested = arguments.positional.size() > 1;
  const std::string name = tested ? first_text(arguments, 1, "test") : "";
  const Arguments rest = without_first(arguments, 2);
  std::vector<Value> kept;
  const ListPointer all = items_of(context, self);
  for (const Value& item : all->items) {
    const Value attribute = get_path(context, item, arguments.positional[0]);
    const bool result = tested ? apply_test(context, name, attribute, rest) : is_true(attribute);
    if (result == (keep == Keep::kMatching)) kept.push_back(item);
  }
  return context.list(std::move(kept));
}

}  // namespace

Value get_path(Context& context, const Value& value, const Value& attribute) {
  if (!attribute.is_text()) return get_item(context, value, attribute);
  Value current = value;
  for (const std::string_view part : split(attribute.text(), ".", -1, Direction::kForward)) {
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool number = error == std::errc{} && end == part.data() + part.size() && part[0] != '-';
    current = get_item(context, current, number ? Value::integer(index) : context.text(std::string(part)));
  }
  return current;
}

std::span<const NamedFunction> select_filters() {
  static constexpr std::array<NamedFunction, 5> kFilters = {
      {{"map", map},
       {"select", select<Keep::kMatching>},
       {"reject", select<Keep::kOthers>},
       {"selectattr", select_attribute<Keep::kMatching>},
       {"rejectattr", select_attribute<Keep::kOthers>}}};
  return kFilters;
}

Function find_filter(std::string_view name) {
  for (const auto& table : {text_filters(), number_filters(), sequence_filters(), select_filters()}) {
    for (const NamedFunction& filter : table) {
      if (filter.name == name) return filter.function;
    }
  }
  return nullptr;
}

}  // namespace msrnn::jinja
