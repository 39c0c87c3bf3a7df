// A parsed template. Every node knows its line; the parser bounds how deep nodes nest, so that walking and
// destroying a tree can recurse.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "jinja/value.h"

namespace msrnn::jinja {

struct Expression;
struct Statement;
using ExpressionPointer = std::unique_ptr<const Expression>;
using Block = std::vector<std::unique_ptr<const Statement>>;

struct CallArguments {
  std::vector<ExpressionPointer> positional;
  std::vector<std::pair<std::string, ExpressionPointer>> named;
};

// A filter or test with its arguments, without what it is applied to.
struct Application {
  std::string name;
  CallArguments arguments;
  int line;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct Sequence {
  SequenceKind kind;
  std::vector<ExpressionPointer> items;
};
struct Mapping {
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
};
struct Attribute {
  ExpressionPointer object;
  std::string name;
};
struct Subscript {
  ExpressionPointer object, key;
};
struct Slice {
  ExpressionPointer object;
  std::array<ExpressionPointer, 3> bounds;  // begin, end, step; null where left out
};
struct Call {
  ExpressionPointer callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPointer input;
  Application filter;
};
struct TestExpression {
  ExpressionPointer subject;
  Application test;
};
enum class UnaryOperator { kNot, kMinus, kPlus };
struct Unary {
  UnaryOperator op;
  ExpressionPointer operand;
};
enum class ArithmeticOperator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
struct Arithmetic {
  ArithmeticOperator op;
  ExpressionPointer left, right;
};
struct Concatenation {  // ~
  std::vector<ExpressionPointer> parts;
};
enum class Relation { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };
struct Comparison {  // first R1 second R2 third …: all of them hold
  ExpressionPointer first;
  std::vector<std::pair<Relation, ExpressionPointer>> rest;
};
enum class LogicalOperator { kAnd, kOr };
struct Logical {
  LogicalOperator op;
  ExpressionPointer left, right;
};
struct Conditional {
  ExpressionPointer condition, yes, no;  // no: may be null
};

struct Expression {
  std::variant<Literal, Name, Sequence, Mapping, Attribute, Subscript, Slice, Call, Filter, TestExpression,
               Unary, Arithmetic, Concatenation, Comparison, Logical, Conditional>
      node;
  int line;
};

// What `for` and `set` assign to: names to unpack into, or one attribute of a namespace.
struct Target {
  std::vector<std::string> names;
  bool unpack = false;    // a tuple, even if of one name
  std::string attribute;  // of the namespace names[0]; empty for none
};

struct Data {
  std::string text;
};
struct Print {
  ExpressionPointer value;
};
struct If {
  std::vector<std::pair<ExpressionPointer, Block>> branches;
  Block otherwise;
};
struct For {
  Target target;
  ExpressionPointer iterable;
  ExpressionPointer filter;  // may be null
  Block body, otherwise;
};
struct Set {
  Target target;
  ExpressionPointer value;
};
struct SetBlock {
  Target target;
  std::vector<Application> filters;
  Block body;
};
struct Macro {
  std::string name;
  std::vector<std::pair<std::string, ExpressionPointer>> parameters;  // with defaults, which may be null
  Block body;
};
struct FilterBlock {  // without filters: a block with names of its own
  std::vector<Application> filters;
  Block body;
};
struct With {
  std::vector<std::pair<std::string, ExpressionPointer>> names;
  Block body;
};
struct Break {};
struct Continue {};

struct Statement {
  std::variant<Data, Print, If, For, Set, SetBlock, Macro, FilterBlock, With, Break, Continue> node;
  int line;
};

}  // namespace msrnn::jinja
