#include "jinja/value.h"

#include <algorithm>

#include "base/fail.h"

namespace msrnn::jinja {
namespace {

void include(const Value& child, int& nesting, bool& plain) {
  nesting = std::max(nesting, child.nesting() + 1);
  plain = plain && child.is_plain();
}

void check_nesting(int nesting) {
  if (nesting > kMaxNesting) fail("a value nests deeper than {} levels", kMaxNesting);
}

}  // namespace

Value Value::undefined(std::string name) {
  return of(Undefined{std::make_shared<const std::string>(std::move(name))});
}

Value Value::list(std::vector<Value> items, SequenceKind kind) {
  auto list = std::make_shared<List>();
  for (const Value& item : items) include(item, list->nesting, list->plain);
  check_nesting(list->nesting);
  list->items = std::move(items);
  list->kind = kind;
  return of(ListPointer(std::move(list)));
}

Value Value::dict(std::vector<Entry> entries) {
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, value] : entries) {
    include(key, dict->nesting, dict->plain);
    include(value, dict->nesting, dict->plain);
  }
  check_nesting(dict->nesting);
  dict->entries = std::move(entries);
  return of(DictPointer(std::move(dict)));
}

int Value::nesting() const {
  if (is_list()) return list().nesting;
  if (is_dict()) return dict().nesting;
  return 0;
}

bool Value::is_plain() const {
  if (is_list()) return list().plain;
  if (is_dict()) return dict().plain;
  return !is<NamespacePointer>() && !is<LoopPointer>() && !is<CallablePointer>();
}

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.is_text() && name.text() == key) return &value;
  }
  return nullptr;
}

std::string_view type_name(const Value& value) {
  static constexpr std::string_view kNames[] = {"undefined", "None", "bool",      "int",  "float",   "str",
                                                "list",      "dict", "namespace", "loop", "callable"};
  if (value.is_list() && value.list().kind == SequenceKind::kTuple) return "tuple";
  return kNames[value.data().index()];
}

}  // namespace msrnn::jinja
