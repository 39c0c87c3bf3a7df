#include "base/fail.h"
#include "jinja/evaluator.h"
#include "jinja/operations.h"

namespace msrnn::jinja {

Value Evaluator::evaluate(const Expression& expression) {
  const Budget::Level level(context_.budget);
  context_.budget.step();
  context_.line = expression.line;
  return std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
}

Value Evaluator::evaluate(const Name& name) {
  if (const Value* value = scope_->find(name.name)) return *value;
  if (const Function function = find_global(name.name)) {
    auto callable = std::make_shared<Callable>();
    callable->function = function;
    return Value::of(CallablePointer(std::move(callable)));
  }
  return Value::undefined(name.name);
}

Value Evaluator::evaluate(const Sequence& sequence) {
  std::vector<Value> items;
  items.reserve(sequence.items.size());
  for (const ExpressionPointer& item : sequence.items) items.push_back(evaluate(*item));
  return context_.list(std::move(items), sequence.kind);
}

Value Evaluator::evaluate(const Mapping& mapping) {
  std::vector<Entry> entries;
  for (const auto& [key, value] : mapping.entries) {
    Value name = evaluate(*key);
    insert_key(context_, entries, std::move(name), evaluate(*value));
  }
  return context_.dict(std::move(entries));
}

Value Evaluator::evaluate(const Attribute& attribute) {
  return get_attribute(context_, evaluate(*attribute.object), attribute.name);
}

Value Evaluator::evaluate(const Subscript& subscript) {
  const Value object = evaluate(*subscript.object);
  return get_item(context_, object, evaluate(*subscript.key));
}

Value Evaluator::evaluate(const Slice& node) {
  const Value object = evaluate(*node.object);
  std::array<Value, 3> bounds;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = node.bounds[i] == nullptr ? Value::none() : evaluate(*node.bounds[i]);
  }
  check_defined(object);
  return slice(context_, object, bounds);
}

Arguments Evaluator::evaluate(const CallArguments& nodes) {
  Arguments arguments;
  for (const ExpressionPointer& node : nodes.positional) arguments.positional.push_back(evaluate(*node));
  for (const auto& [name, node] : nodes.named) arguments.named.emplace_back(name, evaluate(*node));
  return arguments;
}

Value Evaluator::evaluate(const Call& call) {
  const int line = context_.line;
  const Value callee = evaluate(*call.callee);
  check_defined(callee);
  if (!callee.is<CallablePointer>()) fail("a {} cannot be called", type_name(callee));
  const Callable& callable = *callee.get<CallablePointer>();
  const Arguments arguments = evaluate(call.arguments);
  context_.line = line;
  if (callable.macro != nullptr) return call_macro(callable, arguments);
  return callable.function(context_, callable.self, arguments);
}

Value Evaluator::evaluate(const Filter& filter) {
  const Value input = evaluate(*filter.input);
  const Arguments arguments = evaluate(filter.filter.arguments);
  context_.line = filter.filter.line;
  return apply_filter(context_, filter.filter.name, input, arguments);
}

Value Evaluator::evaluate(const TestExpression& test) {
  const Value subject = evaluate(*test.subject);
  const Arguments arguments = evaluate(test.test.arguments);
  return Value::boolean(apply_test(context_, test.test.name, subject, arguments));
}

Value Evaluator::evaluate(const Unary& unary) {
  const Value operand = evaluate(*unary.operand);
  if (unary.op == UnaryOperator::kNot) return Value::boolean(!is_true(operand));
  check_defined(operand);
  const Value negated = negative(operand);
  return unary.op == UnaryOperator::kMinus ? negated : negative(negated);
}

Value Evaluator::evaluate(const Arithmetic& node) {
  const Value left = evaluate(*node.left);
  return arithmetic(context_, node.op, left, evaluate(*node.right));
}

Value Evaluator::evaluate(const Concatenation& concatenation) {
  std::string out;
  for (const ExpressionPointer& part : concatenation.parts) {
    const Text text = as_text(context_, evaluate(*part));
    context_.budget.charge(text->size());
    out += *text;
  }
  return Value::text(std::move(out));
}

bool Evaluator::holds(Relation relation, const Value& left, const Value& right) {
  switch (relation) {
    case Relation::kEqual:
      return equal(context_, left, right);
    case Relation::kNotEqual:
      return !equal(context_, left, right);
    case Relation::kLess:
      return compare(context_, left, right) < 0;
    case Relation::kLessEqual:
      return compare(context_, left, right) <= 0;
    case Relation::kGreater:
      return compare(context_, left, right) > 0;
    case Relation::kGreaterEqual:
      return compare(context_, left, right) >= 0;
    case Relation::kIn:
      return contains(context_, right, left);
    case Relation::kNotIn:
      break;
  }
  return !contains(context_, right, left);
}

Value Evaluator::evaluate(const Comparison& comparison) {
  Value left = evaluate(*comparison.first);
  for (const auto& [relation, node] : comparison.rest) {
    Value right = evaluate(*node);
    if (!holds(relation, left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Evaluator::evaluate(const Logical& logical) {
  Value left = evaluate(*logical.left);
  if (is_true(left) == (logical.op == LogicalOperator::kOr)) return left;
  return evaluate(*logical.right);
}

Value Evaluator::evaluate(const Conditional& conditional) {
  if (is_true(evaluate(*conditional.condition))) return evaluate(*conditional.yes);
  if (conditional.no != nullptr) return evaluate(*conditional.no);
  return Value::undefined("the value of an inline if without else");
}

}  // namespace msrnn::jinja
