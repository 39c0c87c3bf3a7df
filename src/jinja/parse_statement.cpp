#include <algorithm>
#include <utility>

#include "base/fail.h"
#include "jinja/parser.h"

namespace msrnn::jinja {
namespace {

using StatementPointer = std::unique_ptr<const Statement>;

template <class Node>
StatementPointer make_statement(Node node, int line) {
  return std::make_unique<const Statement>(Statement{std::move(node), line});
}

class StatementParser {
 public:
  explicit StatementParser(TokenStream& tokens) : tokens_(tokens) {}

  Block parse_all() {
    Block block = parse_block({});
    if (!tokens_.at(TokenKind::kEnd)) tokens_.fail_here("the end of the template");
    return block;
  }

 private:
  ExpressionParser expressions() { return ExpressionParser(tokens_); }

  // Statements up to a tag that begins with one of `ends`; that tag's `{%` is taken, its name is current.
  Block parse_block(std::initializer_list<std::string_view> ends) {
    const TokenStream::Level level(tokens_);
    Block block;
    while (!tokens_.at(TokenKind::kEnd)) {
      const int line = tokens_.current().line;
      if (tokens_.at(TokenKind::kData)) {
        block.push_back(make_statement(Data{tokens_.take().text}, line));
      } else if (tokens_.at(TokenKind::kPrintBegin)) {
        tokens_.take();
        block.push_back(make_statement(Print{expressions().parse_tuple()}, line));
        tokens_.expect(TokenKind::kPrintEnd);
      } else {
        tokens_.expect(TokenKind::kBlockBegin);
        if (tokens_.at(TokenKind::kName) && std::ranges::find(ends, tokens_.current().text) != ends.end()) {
          return block;
        }
        block.push_back(parse_tag());
      }
    }
    if (ends.size() != 0) tokens_.fail_here(fmt::format("'{{% {} %}}'", *(ends.end() - 1)));
    return block;
  }

  Block parse_body(std::string_view end) {
    tokens_.expect(TokenKind::kBlockEnd);
    Block body = parse_block({end});
    close(end);
    return body;
  }

  // A body whose text goes elsewhere: a jump out of it to a loop around is refused.
  Block parse_captured_body(std::string_view end) {
    const int outer = std::exchange(loops_, 0);
    Block body = parse_body(end);
    loops_ = outer;
    return body;
  }

  void close(std::string_view name) {
    if (!tokens_.accept_name(name)) tokens_.fail_here(fmt::format("'{}'", name));
    tokens_.expect(TokenKind::kBlockEnd);
  }

  StatementPointer parse_tag() {
    const Token tag = tokens_.expect(TokenKind::kName);
    if (tag.text == "if") return make_statement(parse_if(), tag.line);
    if (tag.text == "for") return make_statement(parse_for(), tag.line);
    if (tag.text == "set") return parse_set(tag.line);
    if (tag.text == "macro") return make_statement(parse_macro(), tag.line);
    if (tag.text == "with") return make_statement(parse_with(), tag.line);
    if (tag.text == "generation")
      return make_statement(FilterBlock{{}, parse_captured_body("endgeneration")}, tag.line);
    if (tag.text == "filter") {
      std::vector<Application> filters = expressions().parse_filters();
      return make_statement(FilterBlock{std::move(filters), parse_captured_body("endfilter")}, tag.line);
    }
    if (tag.text == "break" || tag.text == "continue") return parse_jump(tag);
    fail("chat template, line {}: unknown or misplaced tag '{}'", tag.line, tag.text);
  }

  StatementPointer parse_jump(const Token& tag) {
    if (loops_ == 0) fail("chat template, line {}: '{}' outside of a loop", tag.line, tag.text);
    tokens_.expect(TokenKind::kBlockEnd);
    if (tag.text == "break") return make_statement(Break{}, tag.line);
    return make_statement(Continue{}, tag.line);
  }

  If parse_if() {
    If statement;
    for (;;) {
      ExpressionPointer condition = expressions().parse_tuple();
      tokens_.expect(TokenKind::kBlockEnd);
      Block body = parse_block({"elif", "else", "endif"});
      statement.branches.emplace_back(std::move(condition), std::move(body));
      if (tokens_.accept_name("elif")) continue;
      if (tokens_.accept_name("else")) {
        statement.otherwise = parse_body("endif");
      } else {
        close("endif");
      }
      return statement;
    }
  }

  For parse_for() {
    For loop;
    loop.target = parse_names();
    if (!tokens_.accept_name("in")) tokens_.fail_here("'in'");
    loop.iterable = expressions().parse_tuple_without_conditional();
    if (tokens_.accept_name("if")) loop.filter = expressions().parse();
    if (tokens_.at_name("recursive")) tokens_.fail_here_with("recursive loops are not supported");
    tokens_.expect(TokenKind::kBlockEnd);
    ++loops_;
    loop.body = parse_block({"else", "endfor"});
    --loops_;
    if (tokens_.accept_name("else")) {
      loop.otherwise = parse_body("endfor");
    } else {
      close("endfor");
    }
    return loop;
  }

  // a | a, b | (a, b)
  Target parse_names() {
    Target target;
    const bool parentheses = tokens_.accept_operator("(");
    do {
      if (target.names.empty() || tokens_.at(TokenKind::kName)) target.names.push_back(parse_name());
      target.unpack = target.unpack || tokens_.at_operator(",");
    } while (tokens_.accept_operator(","));
    if (parentheses) tokens_.expect_operator(")");
    return target;
  }

  std::string parse_name() {
    static constexpr std::string_view kConstants[] = {"true", "True", "false", "False", "none", "None"};
    const Token name = tokens_.expect(TokenKind::kName);
    if (std::ranges::find(kConstants, name.text) != std::end(kConstants)) {
      fail("chat template, line {}: cannot assign to '{}'", name.line, name.text);
    }
    return name.text;
  }

  StatementPointer parse_set(int line) {
    Target target = parse_names();
    if (target.names.size() == 1 && tokens_.accept_operator(".")) {
      target.attribute = tokens_.expect(TokenKind::kName).text;
    }
    if (tokens_.accept_operator("=")) {
      Set set{std::move(target), expressions().parse_tuple()};
      tokens_.expect(TokenKind::kBlockEnd);
      return make_statement(std::move(set), line);
    }
    std::vector<Application> filters;
    if (tokens_.accept_operator("|")) filters = expressions().parse_filters();
    return make_statement(SetBlock{std::move(target), std::move(filters), parse_captured_body("endset")},
                          line);
  }

  Macro parse_macro() {
    Macro macro;
    macro.name = parse_name();
    tokens_.expect_operator("(");
    while (!tokens_.accept_operator(")")) {
      if (!macro.parameters.empty()) tokens_.expect_operator(",");
      if (tokens_.accept_operator(")")) break;
      std::string name = parse_name();
      ExpressionPointer fallback;
      if (tokens_.accept_operator("=")) {
        fallback = expressions().parse();
      } else if (!macro.parameters.empty() && macro.parameters.back().second != nullptr) {
        tokens_.fail_here_with("a parameter without a default follows one with a default");
      }
      macro.parameters.emplace_back(std::move(name), std::move(fallback));
    }
    macro.body = parse_captured_body("endmacro");
    return macro;
  }

  With parse_with() {
    With with;
    while (!tokens_.at(TokenKind::kBlockEnd)) {
      if (!with.names.empty()) tokens_.expect_operator(",");
      std::string name = parse_name();
      tokens_.expect_operator("=");
      with.names.emplace_back(std::move(name), expressions().parse());
    }
    with.body = parse_body("endwith");
    return with;
  }

  TokenStream& tokens_;
  int loops_ = 0;  // around the current tag
};

}  // namespace

Block parse_template(std::string_view source) {
  TokenStream tokens(tokenize_template(source));
  return StatementParser(tokens).parse_all();
}

}  // namespace msrnn::jinja
