// object.name and object[key].
#include "base/fail.h"
#include "jinja/callable.h"
#include "jinja/number.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

Value neighbour(const Loop& loop, std::size_t index, std::string_view name) {
  const std::vector<Value>& items = loop.items->items;
  return index < items.size() ? items[index] : Value::undefined("loop." + std::string(name));
}

Value loop_attribute(const Loop& loop, std::string_view name) {
  const std::size_t n = loop.items->items.size();
  const auto number = [](std::size_t i) { return Value::integer(static_cast<std::int64_t>(i)); };
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "revindex") return number(n - loop.index);
  if (name == "revindex0") return number(n - loop.index - 1);
  if (name == "first") return Value::boolean(loop.index == 0);
  if (name == "last") return Value::boolean(loop.index + 1 == n);
  if (name == "length") return number(n);
  if (name == "previtem") return neighbour(loop, loop.index - 1, name);
  if (name == "nextitem") return neighbour(loop, loop.index + 1, name);
  return Value::undefined("loop." + std::string(name));
}

Value indexed(Context& context, const Value& object, std::int64_t index) {
  const auto place = [&](std::size_t n) { return index < 0 ? index + static_cast<std::int64_t>(n) : index; };
  if (object.is_text()) {
    context.budget.step(object.text().size() / 16);
    const std::int64_t i = place(count_code_points(object.text()));
    std::size_t at = 0;
    for (std::int64_t skipped = 0; skipped < i && at < object.text().size(); ++skipped) {
      at += code_point_at(object.text(), at).size;
    }
    if (i >= 0 && at < object.text().size()) {
      return context.text(object.text().substr(at, code_point_at(object.text(), at).size));
    }
  } else {
    const std::vector<Value>& items = object.list().items;
    const std::int64_t i = place(items.size());
    if (i >= 0 && i < static_cast<std::int64_t>(items.size())) return items[static_cast<std::size_t>(i)];
  }
  return Value::undefined(fmt::format("{}[{}]", type_name(object), index));
}

// What `object` itself has under the name, methods first as in Python.
const Value* find_stored(const Value& object, std::string_view name) {
  if (object.is_dict()) return object.dict().find(name);
  if (!object.is<NamespacePointer>()) return nullptr;
  for (const auto& [key, value] : object.get<NamespacePointer>()->attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value bind_method(Function method, const Value& object) {
  auto callable = std::make_shared<Callable>();
  callable->function = method;
  callable->self = object;
  return Value::of(CallablePointer(std::move(callable)));
}

}  // namespace

void check_defined(const Value& value) {
  if (!value.is_undefined()) return;
  const Undefined& undefined = value.get<Undefined>();
  if (undefined.name == nullptr) fail("a value is undefined");
  fail("'{}' is undefined", *undefined.name);
}

Value get_attribute(Context& context, const Value& object, std::string_view name) {
  context.budget.step();
  check_defined(object);
  if (const Function method = find_method(object, name)) return bind_method(method, object);
  if (object.is<LoopPointer>()) return loop_attribute(*object.get<LoopPointer>(), name);
  if (object.is_dict()) context.budget.step(object.dict().entries.size() / 8);
  if (const Value* stored = find_stored(object, name)) return *stored;
  return Value::undefined(fmt::format("{} object has no attribute {}", type_name(object), name));
}

Value get_item(Context& context, const Value& object, const Value& key) {
  context.budget.step();
  check_defined(object);
  if ((object.is_text() || object.is_list()) && is_integral(key))
    return indexed(context, object, integral(key));
  if (object.is_dict()) {
    const bool hashable = !key.is_dict() && (!key.is_list() || key.list().kind == SequenceKind::kTuple);
    if (const Value* value = hashable ? find_key(context, object.dict(), key) : nullptr) return *value;
  }
  if (key.is_text()) return get_attribute(context, object, key.text());
  return Value::undefined(fmt::format("an item of a {}", type_name(object)));
}

}  // namespace msrnn::jinja
