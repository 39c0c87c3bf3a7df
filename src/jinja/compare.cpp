#include <algorithm>

#include "base/fail.h"
#include "jinja/number.h"
#include "jinja/operations.h"

namespace msrnn::jinja {
namespace {

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (is_integral(a) && is_integral(b)) return integral(a) <=> integral(b);
  return real(a) <=> real(b);
}

bool equal_lists(Context& context, const List& a, const List& b) {
  return a.kind == b.kind && std::ranges::equal(a.items, b.items, [&](const Value& x, const Value& y) {
           return equal(context, x, y);
         });
}

bool equal_dicts(Context& context, const Dict& a, const Dict& b) {
  return a.entries.size() == b.entries.size() && std::ranges::all_of(a.entries, [&](const Entry& entry) {
           const Value* other = find_key(context, b, entry.first);
           return other != nullptr && equal(context, entry.second, *other);
         });
}

}  // namespace

bool is_true(const Value& value) {
  if (value.is<bool>()) return value.get<bool>();
  if (value.is<std::int64_t>()) return value.get<std::int64_t>() != 0;
  if (value.is<double>()) return value.get<double>() != 0;
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is<LoopPointer>()) return true;
  const auto size = length(value);
  return !size || *size != 0;
}

bool equal(Context& context, const Value& a, const Value& b) {
  context.budget.step();
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == std::partial_ordering::equivalent;
  if (a.data().index() != b.data().index()) return false;
  if (a.is_text()) {
    if (a.text().size() == b.text().size()) context.budget.step(a.text().size() / 64);
    return a.text() == b.text();
  }
  if (a.is_list()) return equal_lists(context, a.list(), b.list());
  if (a.is_dict()) return equal_dicts(context, a.dict(), b.dict());
  if (a.is<NamespacePointer>()) return a.get<NamespacePointer>() == b.get<NamespacePointer>();
  if (a.is<LoopPointer>()) return a.get<LoopPointer>() == b.get<LoopPointer>();
  if (a.is<CallablePointer>()) return a.get<CallablePointer>() == b.get<CallablePointer>();
  return true;
}

std::partial_ordering compare(Context& context, const Value& a, const Value& b) {
  context.budget.step();
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_text() && b.is_text()) {
    context.budget.step(std::min(a.text().size(), b.text().size()) / 64);
    return a.text() <=> b.text();
  }
  check_defined(a);
  check_defined(b);
  if (!a.is_list() || !b.is_list() || a.list().kind != b.list().kind) {
    fail("cannot order {} and {}", type_name(a), type_name(b));
  }
  const std::vector<Value>& x = a.list().items;
  const std::vector<Value>& y = b.list().items;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (!equal(context, x[i], y[i])) return compare(context, x[i], y[i]);
  }
  return x.size() <=> y.size();
}

bool contains(Context& context, const Value& container, const Value& item) {
  if (container.is_text()) {
    if (!item.is_text()) fail("'in <str>' needs a str on the left, found {}", type_name(item));
    context.budget.step(container.text().size() / 64);
    return container.text().find(item.text()) != std::string::npos;
  }
  if (container.is_dict()) return find_key(context, container.dict(), item) != nullptr;
  return std::ranges::any_of(elements(context, container)->items,
                             [&](const Value& element) { return equal(context, element, item); });
}

const Value* find_key(Context& context, const Dict& dict, const Value& key) {
  if (key.is_dict() || (key.is_list() && key.list().kind == SequenceKind::kList)) {
    fail("a {} cannot be a key of a dict", type_name(key));
  }
  context.budget.step(dict.entries.size() / 8);
  if (key.is_text()) return dict.find(key.text());
  for (const auto& [name, value] : dict.entries) {
    if (equal(context, name, key)) return &value;
  }
  return nullptr;
}

void insert_key(Context& context, std::vector<Entry>& entries, Value key, Value value) {
  if (key.is_dict() || (key.is_list() && key.list().kind == SequenceKind::kList)) {
    fail("a {} cannot be a key of a dict", type_name(key));
  }
  for (Entry& entry : entries) {
    if (!equal(context, entry.first, key)) continue;
    entry.second = std::move(value);
    return;
  }
  entries.emplace_back(std::move(key), std::move(value));
}

}  // namespace msrnn::jinja
