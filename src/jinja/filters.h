// The filters, by what they work on. Each table is searched by find_filter().
#pragma once

#include <span>
#include <string_view>

#include "jinja/callable.h"

namespace msrnn::jinja {

struct NamedFunction {
  std::string_view name;
  Function function;
};

std::span<const NamedFunction> text_filters();      // trim, upper, replace, indent, tojson, …
std::span<const NamedFunction> number_filters();    // int, float, round, abs
std::span<const NamedFunction> sequence_filters();  // first, join, sort, unique, sum, …
std::span<const NamedFunction> select_filters();    // map, select, rejectattr, …

// The dotted path `attribute` (a name or an index) of a value.
Value get_path(Context& context, const Value& value, const Value& attribute);

}  // namespace msrnn::jinja
