#include <algorithm>
#include <array>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/number.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

enum class Case { kIgnored, kCompared };
enum class Order { kAscending, kDescending };

Case case_argument(const Arguments& arguments, std::size_t index) {
  return arguments.truth(index, "case_sensitive") ? Case::kCompared : Case::kIgnored;
}

Order order_argument(const Arguments& arguments, std::size_t index) {
  return arguments.truth(index, "reverse") ? Order::kDescending : Order::kAscending;
}

// What to compare by: an attribute of the item, strings without regard to case unless asked.
class SortKey {
 public:
  SortKey(Context& context, const Value* attribute, Case letters)
      : context_(context), attribute_(attribute), letters_(letters) {}

  Value operator()(const Value& item) const {
    Value key = attribute_ == nullptr || attribute_->is_none() ? item : get_path(context_, item, *attribute_);
    if (letters_ == Case::kCompared || !key.is_text()) return key;
    return context_.text(lower(key.text()));
  }

 private:
  Context& context_;
  const Value* attribute_;
  Case letters_;
};

// The items with their keys, in the order of the keys.
std::vector<Entry> sorted_entries(Context& context, const std::vector<Value>& items, const SortKey& key,
                                  Order order) {
  context.budget.charge(items.size(), sizeof(Entry));
  std::vector<Entry> entries;
  for (const Value& item : items) entries.emplace_back(key(item), item);
  std::ranges::stable_sort(entries, [&](const Entry& a, const Entry& b) {
    const bool ascending = order == Order::kAscending;
    return compare(context, ascending ? a.first : b.first, ascending ? b.first : a.first) < 0;
  });
  return entries;
}

Value sort(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"reverse", "case_sensitive", "attribute"});
  const ListPointer list = elements(context, self);
  const SortKey key(context, arguments.find(2, "attribute"), case_argument(arguments, 1));
  std::vector<Value> items;
  for (Entry& entry : sorted_entries(context, list->items, key, order_argument(arguments, 0))) {
    items.push_back(std::move(entry.second));
  }
  return context.list(std::move(items));
}

std::vector<Value> item_pairs(Context& context, const Dict& dict) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : dict.entries) {
    pairs.push_back(context.list({key, value}, SequenceKind::kTuple));
  }
  return pairs;
}

Value sort_dict(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"case_sensitive", "by", "reverse"});
  if (!self.is_dict()) fail("dictsort needs a dict, found {}", type_name(self));
  const std::string by = arguments.text(1, "by", "key");
  if (by != "key" && by != "value") fail("the argument 'by' must be key or value, found '{}'", by);
  const Value place = Value::integer(by == "key" ? 0 : 1);
  const SortKey key(context, &place, case_argument(arguments, 0));
  std::vector<Value> items;
  for (Entry& entry :
       sorted_entries(context, item_pairs(context, self.dict()), key, order_argument(arguments, 2))) {
    items.push_back(std::move(entry.second));
  }
  return context.list(std::move(items));
}

Value items(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  if (self.is_undefined()) return context.list({});
  if (!self.is_dict()) fail("items needs a dict, found {}", type_name(self));
  return context.list(item_pairs(context, self.dict()));
}

Value unique(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"case_sensitive", "attribute"});
  const SortKey key(context, arguments.find(1, "attribute"), case_argument(arguments, 0));
  std::vector<Value> seen;
  std::vector<Value> kept;
  const ListPointer all = elements(context, self);
  for (const Value& item : all->items) {
    Value mark = key(item);
    if (std::ranges::any_of(seen, [&](const Value& other) { return equal(context, other, mark); })) continue;
    seen.push_back(std::move(mark));
    kept.push_back(item);
  }
  return context.list(std::move(kept));
}

template <std::partial_ordering wanted()>
Value extreme(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"case_sensitive", "attribute"});
  const SortKey key(context, arguments.find(1, "attribute"), case_argument(arguments, 0));
  const ListPointer list = elements(context, self);
  if (list->items.empty()) return Value::undefined("an item of an empty sequence");
  const Value* best = &list->items[0];
  for (const Value& item : list->items) {
    if (compare(context, key(item), key(*best)) == wanted()) best = &item;
  }
  return *best;
}

constexpr std::partial_ordering less() { return std::partial_ordering::less; }
constexpr std::partial_ordering greater() { return std::partial_ordering::greater; }

Value sum(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"attribute", "start"});
  const Value* attribute = arguments.find(0, "attribute");
  const Value* start = arguments.find(1, "start");
  Value total = start != nullptr ? *start : Value::integer(0);
  const ListPointer all = elements(context, self);
  for (const Value& item : all->items) {
    const bool direct = attribute == nullptr || attribute->is_none();
    total = arithmetic(context, ArithmeticOperator::kAdd, total,
                       direct ? item : get_path(context, item, *attribute));
  }
  return total;
}

Value join(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"d", "attribute"});
  const Value* given = arguments.find(0, "d");
  const Text separator = given != nullptr ? as_text(context, *given) : std::make_shared<const std::string>();
  const Value* attribute = arguments.find(1, "attribute");
  std::string out;
  bool first = true;
  const ListPointer all = elements(context, self);
  for (const Value& item : all->items) {
    const bool direct = attribute == nullptr || attribute->is_none();
    const Text text = as_text(context, direct ? item : get_path(context, item, *attribute));
    context.budget.charge(text->size() + separator->size());
    if (!std::exchange(first, false)) out += *separator;
    out += *text;
  }
  return context.text(std::move(out));
}

Value first(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  const ListPointer list = elements(context, self);
  return list->items.empty() ? Value::undefined("the first item of an empty sequence") : list->items.front();
}

Value last(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  const ListPointer list = elements(context, self);
  return list->items.empty() ? Value::undefined("the last item of an empty sequence") : list->items.back();
}

Value count(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  if (self.is_text()) context.budget.step(self.text().size() / 16);
  const auto size = length(self);
  if (!size) fail("a {} has no length", type_name(self));
  return Value::integer(static_cast<std::int64_t>(*size));
}

Value list(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  const ListPointer items = elements(context, self);
  return context.list(items->items);
}

Value reverse(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  const std::array<Value, 3> backwards = {Value::none(), Value::none(), Value::integer(-1)};
  if (self.is_text()) return slice(context, self, backwards);
  return slice(context, Value::of(elements(context, self)), backwards);
}

Value default_value(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"default_value", "boolean"});
  const bool replaced = self.is_undefined() || (arguments.truth(1, "boolean") && !is_true(self));
  if (!replaced) return self;
  const Value* fallback = arguments.find(0, "default_value");
  return fallback != nullptr ? *fallback : context.text("");
}

}  // namespace

std::span<const NamedFunction> sequence_filters() {
  static constexpr std::array<NamedFunction, 16> kFilters = {{{"sort", sort},
                                                              {"dictsort", sort_dict},
                                                              {"items", items},
                                                              {"unique", unique},
                                                              {"min", extreme<less>},
                                                              {"max", extreme<greater>},
                                                              {"sum", sum},
                                                              {"join", join},
                                                              {"first", first},
                                                              {"last", last},
                                                              {"length", count},
                                                              {"count", count},
                                                              {"list", list},
                                                              {"reverse", reverse},
                                                              {"default", default_value},
                                                              {"d", default_value}}};
  return kFilters;
}

}  // namespace msrnn::jinja
