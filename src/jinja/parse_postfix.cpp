// What follows a value: .name, [key], (arguments), |filter, is test.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/fail.h"
#include "jinja/parser.h"

namespace msrnn::jinja {
namespace {

ExpressionPointer make(Expression expression) {
  return std::make_unique<const Expression>(std::move(expression));
}

// May the token begin the argument of a test written without parentheses, as in `x is divisibleby 3`?
bool begins_test_argument(const TokenStream& tokens) {
  static constexpr std::array<std::string_view, 4> kNotNames = {"else", "or", "and", "if"};
  if (tokens.at(TokenKind::kName)) {
    return std::ranges::find(kNotNames, tokens.current().text) == kNotNames.end();
  }
  return tokens.at(TokenKind::kString) || tokens.at(TokenKind::kInteger) || tokens.at(TokenKind::kFloat) ||
         tokens.at_operator("[") || tokens.at_operator("{");
}

}  // namespace

ExpressionPointer ExpressionParser::parse_postfix(ExpressionPointer object) {
  for (;;) {
    const int line = tokens_.current().line;
    if (tokens_.accept_operator(".")) {
      object = parse_attribute(std::move(object));
    } else if (tokens_.accept_operator("[")) {
      object = parse_subscript(std::move(object));
    } else if (tokens_.at_operator("(")) {
      object = make({Call{std::move(object), parse_arguments()}, line});
    } else {
      return object;
    }
    link();
  }
}

ExpressionPointer ExpressionParser::parse_applications(ExpressionPointer input) {
  for (;;) {
    const int line = tokens_.current().line;
    if (tokens_.accept_operator("|")) {
      input = make({Filter{std::move(input), parse_filter()}, line});
    } else if (tokens_.accept_name("is")) {
      input = parse_test(std::move(input));
    } else if (tokens_.at_operator("(")) {
      input = make({Call{std::move(input), parse_arguments()}, line});
    } else {
      return input;
    }
    link();
  }
}

ExpressionPointer ExpressionParser::parse_attribute(ExpressionPointer object) {
  const int line = tokens_.current().line;
  if (!tokens_.at(TokenKind::kInteger)) {
    return make({Attribute{std::move(object), tokens_.expect(TokenKind::kName).text}, line});
  }
  return make({Subscript{std::move(object), parse_number()}, line});
}

ExpressionPointer ExpressionParser::parse_subscript(ExpressionPointer object) {
  const int line = tokens_.current().line;
  std::array<ExpressionPointer, 3> bounds;
  std::size_t colons = 0;
  while (!tokens_.at_operator("]")) {
    if (tokens_.at_operator(":") && colons < 2) {
      tokens_.take();
      ++colons;
    } else if (bounds[colons] == nullptr) {
      bounds[colons] = colons == 0 ? parse_tuple() : parse();
    } else {
      tokens_.fail_here("']'");
    }
  }
  tokens_.expect_operator("]");
  if (colons > 0) return make({Slice{std::move(object), std::move(bounds)}, line});
  if (bounds[0] == nullptr) tokens_.fail_here_with("expected a key between '[' and ']'");
  return make({Subscript{std::move(object), std::move(bounds[0])}, line});
}

ExpressionPointer ExpressionParser::parse_test(ExpressionPointer subject) {
  const int line = tokens_.current().line;
  const bool negated = tokens_.accept_name("not");
  Application test{tokens_.expect(TokenKind::kName).text, {}, line};
  if (tokens_.at_operator("(")) {
    test.arguments = parse_arguments();
  } else if (begins_test_argument(tokens_)) {
    if (tokens_.at_name("is")) tokens_.fail_here_with("tests cannot be chained with 'is'");
    const TokenStream::Level level(tokens_);
    test.arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  ExpressionPointer result = make({TestExpression{std::move(subject), std::move(test)}, line});
  if (!negated) return result;
  return make({Unary{UnaryOperator::kNot, std::move(result)}, line});
}

Application ExpressionParser::parse_filter() {
  const Token name = tokens_.expect(TokenKind::kName);
  Application filter{name.text, {}, name.line};
  if (tokens_.at_operator("(")) filter.arguments = parse_arguments();
  return filter;
}

std::vector<Application> ExpressionParser::parse_filters() {
  std::vector<Application> filters;
  do {
    filters.push_back(parse_filter());
  } while (tokens_.accept_operator("|"));
  return filters;
}

CallArguments ExpressionParser::parse_arguments() {
  CallArguments arguments;
  tokens_.expect_operator("(");
  bool first = true;
  while (!tokens_.accept_operator(")")) {
    if (!std::exchange(first, false)) tokens_.expect_operator(",");
    if (tokens_.accept_operator(")")) break;
    const bool named = tokens_.at(TokenKind::kName) && tokens_.next().kind == TokenKind::kOperator &&
                       tokens_.next().text == "=";
    if (named) {
      std::string name = tokens_.take().text;
      tokens_.take();
      arguments.named.emplace_back(std::move(name), parse());
    } else if (!arguments.named.empty()) {
      tokens_.fail_here("a named argument");
    } else {
      arguments.positional.push_back(parse());
    }
  }
  return arguments;
}

}  // namespace msrnn::jinja
