// Walking the tree.
#pragma once

#include <memory>
#include <string>

#include "jinja/ast.h"
#include "jinja/callable.h"
#include "jinja/scope.h"

namespace msrnn::jinja {

class Evaluator {
 public:
  // Both live longer than this object; `globals` are the names of the outermost scope.
  Evaluator(Context& context, std::shared_ptr<Scope> globals)
      : context_(context), scope_(std::move(globals)) {}

  // What the block prints.
  std::string render(const Block& block);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class ScopeGuard;

  Flow execute(const Block& block);
  Flow execute(const Data& data);
  Flow execute(const Print& print);
  Flow execute(const If& statement);
  Flow execute(const For& loop);
  Flow execute(const Set& set);
  Flow execute(const SetBlock& set);
  Flow execute(const Macro& macro);
  Flow execute(const FilterBlock& block);
  Flow execute(const With& with);
  Flow execute(const Break&) { return Flow::kBreak; }
  Flow execute(const Continue&) { return Flow::kContinue; }

  Value evaluate(const Expression& expression);
  Value evaluate(const Literal& literal) { return literal.value; }
  Value evaluate(const Name& name);
  Value evaluate(const Sequence& sequence);
  Value evaluate(const Mapping& mapping);
  Value evaluate(const Attribute& attribute);
  Value evaluate(const Subscript& subscript);
  Value evaluate(const Slice& slice);
  Value evaluate(const Call& call);
  Value evaluate(const Filter& filter);
  Value evaluate(const TestExpression& test);
  Value evaluate(const Unary& unary);
  Value evaluate(const Arithmetic& arithmetic);
  Value evaluate(const Concatenation& concatenation);
  Value evaluate(const Comparison& comparison);
  Value evaluate(const Logical& logical);
  Value evaluate(const Conditional& conditional);

  bool holds(Relation relation, const Value& left, const Value& right);
  Arguments evaluate(const CallArguments& arguments);
  Value call_macro(const Callable& callable, const Arguments& arguments);
  Value apply(const std::vector<Application>& filters, Value value);
  // The items a loop visits: all, or those its filter lets through.
  ListPointer loop_items(const For& loop);
  void assign(const Target& target, Value value);
  void assign_attribute(const Target& target, Value value);
  void unpack(const Target& target, const Value& value);
  void print(std::string_view text);

  Context& context_;
  std::shared_ptr<Scope> scope_;
  std::string* output_ = nullptr;
};

}  // namespace msrnn::jinja
