#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "jinja/parser.h"

namespace msrnn::jinja {
namespace {

constexpr int kMaxChain = 500;

constexpr std::array<std::pair<std::string_view, Relation>, 6> kRelations = {
    {{"==", Relation::kEqual},
     {"!=", Relation::kNotEqual},
     {"<", Relation::kLess},
     {"<=", Relation::kLessEqual},
     {">", Relation::kGreater},
     {">=", Relation::kGreaterEqual}}};

constexpr std::array<std::pair<std::string_view, ArithmeticOperator>, 4> kProducts = {
    {{"*", ArithmeticOperator::kMultiply},
     {"/", ArithmeticOperator::kDivide},
     {"//", ArithmeticOperator::kFloorDivide},
     {"%", ArithmeticOperator::kModulo}}};

constexpr std::array<std::pair<std::string_view, ArithmeticOperator>, 2> kSums = {
    {{"+", ArithmeticOperator::kAdd}, {"-", ArithmeticOperator::kSubtract}}};

constexpr std::array<std::pair<std::string_view, ArithmeticOperator>, 1> kPowers = {
    {{"**", ArithmeticOperator::kPower}}};

// Takes the operator at hand if the table has it.
template <class Operator, std::size_t n>
std::optional<Operator> accept_any(TokenStream& tokens,
                                   const std::array<std::pair<std::string_view, Operator>, n>& table) {
  for (const auto& [text, op] : table) {
    if (tokens.accept_operator(text)) return op;
  }
  return std::nullopt;
}

std::optional<Relation> accept_relation(TokenStream& tokens) {
  if (const auto relation = accept_any(tokens, kRelations)) return relation;
  if (tokens.accept_name("in")) return Relation::kIn;
  const bool not_in =
      tokens.at_name("not") && tokens.next().kind == TokenKind::kName && tokens.next().text == "in";
  if (!not_in) return std::nullopt;
  tokens.take();
  tokens.take();
  return Relation::kNotIn;
}

template <class Node>
ExpressionPointer make(Node node, int line) {
  return std::make_unique<const Expression>(Expression{std::move(node), line});
}

}  // namespace

ExpressionPointer ExpressionParser::parse() {
  const TokenStream::Level level(tokens_);
  const int line = tokens_.current().line;
  ExpressionPointer value = parse_or();
  while (tokens_.accept_name("if")) {
    link();
    Conditional conditional{parse_or(), std::move(value), nullptr};
    if (tokens_.accept_name("else")) conditional.no = parse();
    value = make(std::move(conditional), line);
  }
  return value;
}

ExpressionPointer ExpressionParser::parse_without_conditional() {
  const TokenStream::Level level(tokens_);
  return parse_or();
}

template <class ParseItem>
ExpressionPointer ExpressionParser::parse_items(ParseItem parse_item) {
  const int line = tokens_.current().line;
  ExpressionPointer first = parse_item();
  if (!tokens_.at_operator(",")) return first;
  Sequence tuple{SequenceKind::kTuple, {}};
  tuple.items.push_back(std::move(first));
  const auto at_end = [&] {
    return tokens_.at(TokenKind::kPrintEnd) || tokens_.at(TokenKind::kBlockEnd) || tokens_.at_operator(")");
  };
  while (tokens_.accept_operator(",") && !at_end()) tuple.items.push_back(parse_item());
  return make(std::move(tuple), line);
}

ExpressionPointer ExpressionParser::parse_tuple() {
  return parse_items([&] { return parse(); });
}

ExpressionPointer ExpressionParser::parse_tuple_without_conditional() {
  return parse_items([&] { return parse_without_conditional(); });
}

void ExpressionParser::link() {
  if (++chain_ > kMaxChain)
    tokens_.fail_here_with(fmt::format("more than {} operators in one tag", kMaxChain));
}

ExpressionPointer ExpressionParser::parse_or() {
  ExpressionPointer left = parse_and();
  while (tokens_.at_name("or")) {
    link();
    const int line = tokens_.take().line;
    left = make(Logical{LogicalOperator::kOr, std::move(left), parse_and()}, line);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_and() {
  ExpressionPointer left = parse_not();
  while (tokens_.at_name("and")) {
    link();
    const int line = tokens_.take().line;
    left = make(Logical{LogicalOperator::kAnd, std::move(left), parse_not()}, line);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_not() {
  if (!tokens_.at_name("not")) return parse_comparison();
  const TokenStream::Level level(tokens_);
  const int line = tokens_.take().line;
  return make(Unary{UnaryOperator::kNot, parse_not()}, line);
}

ExpressionPointer ExpressionParser::parse_comparison() {
  const int line = tokens_.current().line;
  ExpressionPointer first = parse_sum();
  Comparison comparison;
  while (const auto relation = accept_relation(tokens_)) comparison.rest.emplace_back(*relation, parse_sum());
  if (comparison.rest.empty()) return first;
  comparison.first = std::move(first);
  return make(std::move(comparison), line);
}

template <class Table, class ParseOperand>
ExpressionPointer ExpressionParser::parse_arithmetic(const Table& table, ParseOperand parse_operand) {
  ExpressionPointer left = parse_operand();
  for (;;) {
    const int line = tokens_.current().line;
    const auto op = accept_any(tokens_, table);
    if (!op) return left;
    link();
    left = make(Arithmetic{*op, std::move(left), parse_operand()}, line);
  }
}

ExpressionPointer ExpressionParser::parse_sum() {
  return parse_arithmetic(kSums, [&] { return parse_concatenation(); });
}

ExpressionPointer ExpressionParser::parse_concatenation() {
  const int line = tokens_.current().line;
  ExpressionPointer first = parse_product();
  if (!tokens_.at_operator("~")) return first;
  Concatenation concatenation;
  concatenation.parts.push_back(std::move(first));
  while (tokens_.accept_operator("~")) concatenation.parts.push_back(parse_product());
  return make(std::move(concatenation), line);
}

ExpressionPointer ExpressionParser::parse_product() {
  return parse_arithmetic(kProducts, [&] { return parse_power(); });
}

ExpressionPointer ExpressionParser::parse_power() {
  return parse_arithmetic(kPowers, [&] { return parse_unary(); });
}

// A filter binds weaker than the sign before it, postfix operators stronger: -x.y|abs is (-(x.y))|abs.
ExpressionPointer ExpressionParser::parse_unary() {
  const bool minus = tokens_.at_operator("-");
  if (!minus && !tokens_.at_operator("+")) return parse_applications(parse_postfix(parse_primary()));
  const int line = tokens_.take().line;
  const UnaryOperator op = minus ? UnaryOperator::kMinus : UnaryOperator::kPlus;
  return parse_applications(make(Unary{op, parse_signed()}, line));
}

ExpressionPointer ExpressionParser::parse_signed() {
  const bool minus = tokens_.at_operator("-");
  if (!minus && !tokens_.at_operator("+")) return parse_postfix(parse_primary());
  const TokenStream::Level level(tokens_);
  const int line = tokens_.take().line;
  return make(Unary{minus ? UnaryOperator::kMinus : UnaryOperator::kPlus, parse_signed()}, line);
}

ExpressionPointer ExpressionParser::parse_primary() {
  const Token& token = tokens_.current();
  const int line = token.line;
  if (token.kind == TokenKind::kName) {
    const std::string name = tokens_.take().text;
    if (name == "true" || name == "True") return make(Literal{Value::boolean(true)}, line);
    if (name == "false" || name == "False") return make(Literal{Value::boolean(false)}, line);
    if (name == "none" || name == "None") return make(Literal{Value::none()}, line);
    return make(Name{name}, line);
  }
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) return parse_number();
  if (token.kind == TokenKind::kString) return parse_strings();
  if (tokens_.accept_operator("(")) return parse_parentheses();
  if (tokens_.accept_operator("[")) return parse_list();
  if (tokens_.accept_operator("{")) return parse_mapping();
  tokens_.fail_here("an expression");
}

ExpressionPointer ExpressionParser::parse_number() {
  const Token& token = tokens_.current();
  std::string_view digits = token.text;
  const char* const end = digits.data() + digits.size();
  if (token.kind == TokenKind::kFloat) {
    double value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end) tokens_.fail_here("a number");
    return make(Literal{Value::real(value)}, tokens_.take().line);
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || stop != end) tokens_.fail_here("a 64-bit integer");
  return make(Literal{Value::integer(value)}, tokens_.take().line);
}

ExpressionPointer ExpressionParser::parse_strings() {
  const int line = tokens_.current().line;
  std::string text;
  while (tokens_.at(TokenKind::kString)) text += tokens_.take().text;
  return make(Literal{Value::text(std::move(text))}, line);
}

ExpressionPointer ExpressionParser::parse_parentheses() {
  const int line = tokens_.current().line;
  if (tokens_.accept_operator(")")) return make(Sequence{SequenceKind::kTuple, {}}, line);
  ExpressionPointer value = parse_tuple();
  tokens_.expect_operator(")");
  return value;
}

ExpressionPointer ExpressionParser::parse_list() {
  const int line = tokens_.current().line;
  Sequence list{SequenceKind::kList, {}};
  while (!tokens_.accept_operator("]")) {
    if (!list.items.empty()) tokens_.expect_operator(",");
    if (tokens_.accept_operator("]")) break;
    list.items.push_back(parse());
  }
  return make(std::move(list), line);
}

ExpressionPointer ExpressionParser::parse_mapping() {
  const int line = tokens_.current().line;
  Mapping mapping;
  while (!tokens_.accept_operator("}")) {
    if (!mapping.entries.empty()) tokens_.expect_operator(",");
    if (tokens_.accept_operator("}")) break;
    ExpressionPointer key = parse();
    tokens_.expect_operator(":");
    mapping.entries.emplace_back(std::move(key), parse());
  }
  return make(std::move(mapping), line);
}

}  // namespace msrnn::jinja
