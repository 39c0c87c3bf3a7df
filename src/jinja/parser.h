// Parsing by recursive descent, precedence as in Jinja: or < and < not < comparisons < + - < ~ < * / // % <
// ** < unary < postfix, filters and tests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/lexer.h"

namespace msrnn::jinja {

// Throws Error, with the line.
Block parse_template(std::string_view source);

// Where the parsers of expressions and of statements meet: the tokens and the bounds.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[position_]; }
  const Token& next() const { return tokens_[position_ + (current().kind == TokenKind::kEnd ? 0 : 1)]; }
  bool at(TokenKind kind) const { return current().kind == kind; }
  bool at(TokenKind kind, std::string_view text) const { return at(kind) && current().text == text; }
  bool at_operator(std::string_view text) const { return at(TokenKind::kOperator, text); }
  bool at_name(std::string_view text) const { return at(TokenKind::kName, text); }

  Token take();
  bool accept(TokenKind kind, std::string_view text);
  bool accept_operator(std::string_view text) { return accept(TokenKind::kOperator, text); }
  bool accept_name(std::string_view text) { return accept(TokenKind::kName, text); }
  Token expect(TokenKind kind);
  void expect_operator(std::string_view text);

  [[noreturn]] void fail_here(std::string_view expected) const;
  [[noreturn]] void fail_here_with(std::string_view message) const;

  // One level of nesting, while it lives.
  class Level {
   public:
    explicit Level(TokenStream& stream);
    ~Level() { --stream_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    TokenStream& stream_;
  };

 private:
  std::vector<Token> tokens_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExpressionPointer parse();
  // Without the inline `if`: the iterable of a loop, where `if` begins the loop's filter.
  ExpressionPointer parse_without_conditional();
  // One expression, or several with commas between them, which make a tuple.
  ExpressionPointer parse_tuple();
  ExpressionPointer parse_tuple_without_conditional();
  // Filters behind a `|`, as `{% filter a|b %}` and `{% set x | a %}` have them.
  std::vector<Application> parse_filters();

 private:
  template <class ParseItem>
  ExpressionPointer parse_items(ParseItem parse_item);
  template <class Table, class ParseOperand>
  ExpressionPointer parse_arithmetic(const Table& table, ParseOperand parse_operand);
  // Counts an operator that puts what is parsed so far one level deeper into the tree.
  void link();

  ExpressionPointer parse_or();
  ExpressionPointer parse_and();
  ExpressionPointer parse_not();
  ExpressionPointer parse_comparison();
  ExpressionPointer parse_sum();
  ExpressionPointer parse_concatenation();
  ExpressionPointer parse_product();
  ExpressionPointer parse_power();
  ExpressionPointer parse_unary();
  ExpressionPointer parse_signed();
  ExpressionPointer parse_primary();
  ExpressionPointer parse_number();
  ExpressionPointer parse_strings();
  ExpressionPointer parse_parentheses();
  ExpressionPointer parse_list();
  ExpressionPointer parse_mapping();
  ExpressionPointer parse_postfix(ExpressionPointer object);
  ExpressionPointer parse_applications(ExpressionPointer input);
  ExpressionPointer parse_attribute(ExpressionPointer object);
  ExpressionPointer parse_subscript(ExpressionPointer object);
  ExpressionPointer parse_test(ExpressionPointer subject);
  Application parse_filter();
  CallArguments parse_arguments();

  TokenStream& tokens_;
  int chain_ = 0;
};

}  // namespace msrnn::jinja
