#include <utility>

#include <fmt/format.h>

#include "base/fail.h"
#include "jinja/parser.h"

namespace msrnn::jinja {
namespace {

constexpr int kMaxDepth = 100;

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kPrintBegin:
      return "'{{'";
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    case TokenKind::kName:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kOperator:
      break;
  }
  return fmt::format("'{}'", token.text);
}

}  // namespace

Token TokenStream::take() {
  if (at(TokenKind::kEnd)) return current();
  return std::move(tokens_[position_++]);
}

bool TokenStream::accept(TokenKind kind, std::string_view text) {
  if (!at(kind, text)) return false;
  ++position_;
  return true;
}

Token TokenStream::expect(TokenKind kind) {
  if (!at(kind)) fail_here(kind == TokenKind::kName ? "a name" : describe({kind, {}, 0}));
  return take();
}

void TokenStream::expect_operator(std::string_view text) {
  if (!accept_operator(text)) fail_here(fmt::format("'{}'", text));
}

void TokenStream::fail_here(std::string_view expected) const {
  fail_here_with(fmt::format("expected {}, found {}", expected, describe(current())));
}

void TokenStream::fail_here_with(std::string_view message) const {
  fail("chat template, line {}: {}", current().line, message);
}

TokenStream::Level::Level(TokenStream& stream) : stream_(stream) {
  if (stream.depth_ >= kMaxDepth) {
    stream.fail_here_with(fmt::format("nested deeper than {} levels", kMaxDepth));
  }
  ++stream.depth_;
}

}  // namespace msrnn::jinja
