// len(), iteration and slices.
#include <algorithm>

#include "base/fail.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

std::optional<std::int64_t> bound(const Value& value) {
  if (value.is_none()) return std::nullopt;
  if (value.is<std::int64_t>()) return value.get<std::int64_t>();
  if (value.is<bool>()) return value.get<bool>() ? 1 : 0;
  fail("a bound of a slice must be an int or None, found {}", type_name(value));
}

// The indices slice.indices() of Python gives for a sequence of `size`.
std::vector<std::size_t> slice_indices(std::size_t size, const std::array<Value, 3>& bounds) {
  const auto n = static_cast<std::int64_t>(size);
  // A larger step selects the same.
  const std::int64_t step = std::clamp<std::int64_t>(bound(bounds[2]).value_or(1), -n - 1, n + 1);
  if (step == 0) fail("the step of a slice is zero");
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? n : n - 1;
  const auto place = [&](const Value& value, std::int64_t fallback) {
    const auto given = bound(value);
    if (!given) return fallback;
    return *given < 0 ? std::max(*given < -n ? lowest : *given + n, lowest) : std::min(*given, highest);
  };
  std::int64_t i = place(bounds[0], step > 0 ? lowest : highest);
  const std::int64_t end = place(bounds[1], step > 0 ? highest : lowest);
  std::vector<std::size_t> indices;
  for (; step > 0 ? i < end : i > end; i += step) indices.push_back(static_cast<std::size_t>(i));
  return indices;
}

}  // namespace

std::optional<std::size_t> length(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_text()) return count_code_points(value.text());
  if (value.is_list()) return value.list().items.size();
  if (value.is_dict()) return value.dict().entries.size();
  if (value.is<LoopPointer>()) return value.get<LoopPointer>()->items->items.size();
  return std::nullopt;
}

ListPointer elements(Context& context, const Value& value) {
  if (value.is_list()) return value.get<ListPointer>();
  std::vector<Value> items;
  if (value.is_text()) {
    for (const std::string_view point : split_code_points(value.text())) {
      items.push_back(context.text(std::string(point)));
    }
  } else if (value.is_dict()) {
    for (const Entry& entry : value.dict().entries) items.push_back(entry.first);
  } else if (!value.is_undefined()) {
    fail("a {} is not iterable", type_name(value));
  }
  return context.list(std::move(items)).get<ListPointer>();
}

Value slice(Context& context, const Value& value, const std::array<Value, 3>& bounds) {
  if (value.is_text()) {
    context.budget.charge(value.text().size());
    const std::vector<std::string_view> points = split_code_points(value.text());
    std::string out;
    for (const std::size_t i : slice_indices(points.size(), bounds)) out += points[i];
    return context.text(std::move(out));
  }
  if (!value.is_list()) return Value::undefined(fmt::format("a slice of a {}", type_name(value)));
  const List& list = value.list();
  std::vector<Value> items;
  for (const std::size_t i : slice_indices(list.items.size(), bounds)) items.push_back(list.items[i]);
  return context.list(std::move(items), list.kind);
}

}  // namespace msrnn::jinja
