#include <algorithm>

#include "base/fail.h"
#include "jinja/evaluator.h"
#include "jinja/operations.h"
#include "jinja/scope_guard.h"

namespace msrnn::jinja {

std::string Evaluator::render(const Block& block) {
  std::string text;
  std::string* const outer = std::exchange(output_, &text);
  execute(block);
  output_ = outer;
  return text;
}

Evaluator::Flow Evaluator::execute(const Block& block) {
  const Budget::Level level(context_.budget);
  for (const auto& statement : block) {
    context_.budget.step();
    context_.line = statement->line;
    const Flow flow = std::visit([this](const auto& node) { return execute(node); }, statement->node);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

void Evaluator::print(std::string_view text) {
  context_.budget.charge(text.size());
  *output_ += text;
}

Evaluator::Flow Evaluator::execute(const Data& data) {
  print(data.text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Print& node) {
  print(*as_text(context_, evaluate(*node.value)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const If& statement) {
  for (const auto& [condition, body] : statement.branches) {
    if (is_true(evaluate(*condition))) return execute(body);
  }
  return execute(statement.otherwise);
}

ListPointer Evaluator::loop_items(const For& loop) {
  ListPointer all = elements(context_, evaluate(*loop.iterable));
  if (loop.filter == nullptr) return all;
  std::vector<Value> kept;
  for (const Value& item : all->items) {
    const ScopeGuard scope(*this);
    assign(loop.target, item);
    if (is_true(evaluate(*loop.filter))) kept.push_back(item);
  }
  return context_.list(std::move(kept)).get<ListPointer>();
}

Evaluator::Flow Evaluator::execute(const For& node) {
  auto loop = std::make_shared<Loop>();
  loop->items = loop_items(node);
  for (std::size_t i = 0; i < loop->items->items.size(); ++i) {
    context_.budget.step();
    loop->index = i;
    const ScopeGuard scope(*this);
    scope_->set("loop", Value::of(LoopPointer(loop)));
    assign(node.target, loop->items->items[i]);
    if (execute(node.body) == Flow::kBreak) return Flow::kNext;
  }
  if (!loop->items->items.empty()) return Flow::kNext;
  const ScopeGuard scope(*this);
  return execute(node.otherwise);
}

Evaluator::Flow Evaluator::execute(const Set& set) {
  assign(set.target, evaluate(*set.value));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const SetBlock& set) {
  Value text;
  {
    const ScopeGuard scope(*this);
    text = context_.text(render(set.body));
  }
  assign(set.target, apply(set.filters, std::move(text)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const FilterBlock& block) {
  const ScopeGuard scope(*this);
  if (block.filters.empty()) return execute(block.body);
  Value text = context_.text(render(block.body));
  print(*as_text(context_, apply(block.filters, std::move(text))));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const With& with) {
  std::vector<Value> values;
  for (const auto& [name, value] : with.names) values.push_back(evaluate(*value));
  const ScopeGuard scope(*this);
  for (std::size_t i = 0; i < values.size(); ++i) scope_->set(with.names[i].first, std::move(values[i]));
  return execute(with.body);
}

Evaluator::Flow Evaluator::execute(const Macro& macro) {
  auto callable = std::make_shared<Callable>();
  callable->macro = &macro;
  callable->scope = scope_;
  scope_->set(macro.name, Value::of(CallablePointer(std::move(callable))));
  return Flow::kNext;
}

Value Evaluator::call_macro(const Callable& callable, const Arguments& arguments) {
  const Macro& macro = *callable.macro;
  const auto& parameters = macro.parameters;
  if (arguments.positional.size() > parameters.size()) {
    fail("macro {} takes {} arguments, found {}", macro.name, parameters.size(), arguments.positional.size());
  }
  for (const auto& argument : arguments.named) {
    const std::string& name = argument.first;
    const auto at = std::ranges::find_if(parameters, [&](const auto& p) { return p.first == name; });
    if (at == parameters.end()) fail("macro {} has no parameter '{}'", macro.name, name);
    if (static_cast<std::size_t>(at - parameters.begin()) < arguments.positional.size()) {
      fail("macro {}: argument '{}' given twice", macro.name, name);
    }
  }
  const std::shared_ptr<Scope> home = callable.scope.lock();
  if (home == nullptr) fail("macro {} is called where its scope has ended", macro.name);
  const ScopeGuard scope(*this, home);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, fallback] = parameters[i];
    const Value* given = arguments.find(i, name);
    Value value = Value::undefined(name);
    if (given != nullptr) {
      value = *given;
    } else if (fallback != nullptr) {
      value = evaluate(*fallback);
    }
    scope_->set(name, std::move(value));
  }
  return context_.text(render(macro.body));
}

Value Evaluator::apply(const std::vector<Application>& filters, Value value) {
  for (const Application& filter : filters) {
    const Arguments arguments = evaluate(filter.arguments);
    context_.line = filter.line;
    value = apply_filter(context_, filter.name, value, arguments);
  }
  return value;
}

void Evaluator::assign(const Target& target, Value value) {
  context_.budget.charge(sizeof(Value) + sizeof(std::string));
  if (target.unpack) return unpack(target, value);
  if (!target.attribute.empty()) return assign_attribute(target, std::move(value));
  scope_->set(target.names[0], std::move(value));
}

void Evaluator::unpack(const Target& target, const Value& value) {
  const ListPointer items = elements(context_, value);
  if (items->items.size() != target.names.size()) {
    fail("expected {} values to unpack, found {}", target.names.size(), items->items.size());
  }
  for (std::size_t i = 0; i < target.names.size(); ++i) scope_->set(target.names[i], items->items[i]);
}

void Evaluator::assign_attribute(const Target& target, Value value) {
  const Value* object = scope_->find(target.names[0]);
  if (object == nullptr || !object->is<NamespacePointer>()) fail("'{}' is not a namespace", target.names[0]);
  if (!value.is_plain()) fail("a namespace cannot hold a namespace, a loop or a function");
  auto& attributes = object->get<NamespacePointer>()->attributes;
  const auto old =
      std::ranges::find_if(attributes, [&](const auto& a) { return a.first == target.attribute; });
  if (old != attributes.end()) {
    old->second = std::move(value);
  } else {
    attributes.emplace_back(target.attribute, std::move(value));
  }
}

}  // namespace msrnn::jinja
