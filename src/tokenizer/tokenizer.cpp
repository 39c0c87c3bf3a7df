#include "msrnn/tokenizer.h"

#include <algorithm>
#include <array>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/impl.h"

namespace msrnn {
namespace {

// What models call the end of a text or of a turn; files often name only one of them.
constexpr std::array<std::string_view, 9> kEndNames = {"<|im_end|>",      "<|endoftext|>", "<|eot_id|>",
                                                       "<|end_of_text|>", "<|eom_id|>",    "<end_of_turn>",
                                                       "<|end|>",         "</s>",          "<eos>"};

}  // namespace

Tokenizer::Impl::Impl(const Vocabulary& vocabulary, std::unique_ptr<const TextEncoder> text_encoder)
    : encoder(std::move(text_encoder)),
      bos(vocabulary.bos),
      eos(vocabulary.eos),
      add_bos(vocabulary.add_bos),
      add_eos(vocabulary.add_eos),
      chat_template(vocabulary.chat_template) {
  const auto n = static_cast<Token>(vocabulary.pieces.size());
  bytes.reserve(n);
  for (Token token = 0; token < n; ++token) {
    const std::string& piece = vocabulary.pieces[token];
    types.push_back(vocabulary.type(token));
    bytes.push_back(types.back() == TokenType::normal ? encoder->bytes_of(piece) : piece);
  }
  for (Token token = 0; token < n; ++token) {
    by_bytes.emplace(bytes[token], token);
    const TokenType type = types[token];
    const bool always = type == TokenType::user_defined;
    if (always) always_special.add(bytes[token], token);
    if (always || type == TokenType::control || type == TokenType::unknown) {
      by_bytes[bytes[token]] = token;
      parsed_special.add(bytes[token], token);
    }
  }
  const auto add_end = [&](Token token) {
    if (std::find(end_tokens.begin(), end_tokens.end(), token) == end_tokens.end()) {
      end_tokens.push_back(token);
    }
  };
  if (eos) add_end(*eos);
  if (vocabulary.eot) add_end(*vocabulary.eot);
  for (const std::string_view name : kEndNames) {
    const auto found = by_bytes.find(name);
    if (found != by_bytes.end() && types[found->second] == TokenType::control) add_end(found->second);
  }
}

std::vector<Token> Tokenizer::Impl::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<Token> tokens;
  if (options.add_special && add_bos && bos) tokens.push_back(*bos);
  const SpecialTokens& special = options.parse_special ? parsed_special : always_special;
  for (std::size_t begin = 0; begin < text.size();) {
    const SpecialTokens::Match match = special.find(text, begin);
    const std::size_t end = std::min(match.begin, text.size());
    if (end > begin) encoder->encode(text.substr(begin, end - begin), tokens);
    if (match.length > 0) tokens.push_back(match.token);
    begin = end + match.length;
  }
  if (options.add_special && add_eos && eos) tokens.push_back(*eos);
  return tokens;
}

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::vector<Token> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return impl_->encode(text, options);
}

std::string Tokenizer::decode(const std::vector<Token>& tokens) const {
  std::string text;
  for (const Token token : tokens) text += piece(token);
  return text;
}

std::string_view Tokenizer::piece(Token token) const {
  if (token < 0 || token >= vocabulary()) {
    fail("token {}: expected an id from 0 to {}", token, vocabulary() - 1);
  }
  return impl_->bytes[token];
}

int Tokenizer::vocabulary() const { return static_cast<int>(impl_->bytes.size()); }
std::string Tokenizer::kind() const { return impl_->encoder->kind(); }
std::optional<Token> Tokenizer::bos() const { return impl_->bos; }
std::optional<Token> Tokenizer::eos() const { return impl_->eos; }
const std::vector<Token>& Tokenizer::end_tokens() const { return impl_->end_tokens; }
const std::string& Tokenizer::chat_template() const { return impl_->chat_template; }

bool Tokenizer::is_special(Token token) const {
  if (token < 0 || token >= vocabulary()) return false;
  const TokenType type = impl_->types[token];
  return type == TokenType::control || type == TokenType::unknown;
}

std::optional<Token> Tokenizer::find(std::string_view piece) const {
  const auto found = impl_->by_bytes.find(piece);
  if (found == impl_->by_bytes.end()) return std::nullopt;
  return found->second;
}

std::string StreamDecoder::push(Token token) {
  pending_ += tokenizer_.piece(token);
  const std::size_t complete = pending_.size() - truncated_utf8_suffix(pending_);
  std::string text = pending_.substr(0, complete);
  pending_.erase(0, complete);
  return text;
}

std::string StreamDecoder::flush() { return std::exchange(pending_, {}); }

}  // namespace msrnn
