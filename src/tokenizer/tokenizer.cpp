#include "msrnn/tokenizer.h"

#include <algorithm>
#include <array>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/impl.h"
#include "tokenizer/sentencepiece_model.h"

namespace msrnn {
namespace {

// What models call the end of a text or of a turn; files often name only one of them.
constexpr std::array<std::string_view, 9> kEndNames = {"<|im_end|>",      "<|endoftext|>", "<|eot_id|>",
                                                       "<|end_of_text|>", "<|eom_id|>",    "<end_of_turn>",
                                                       "<|end|>",         "</s>",          "<eos>"};

std::string bytes_of(const std::string& piece, TokenType type, const TextEncoder& encoder) {
  if (type == TokenType::normal) return encoder.bytes_of(piece);
  const int byte = type == TokenType::byte ? byte_of_piece(piece) : -1;
  return byte < 0 ? piece : std::string(1, static_cast<char>(byte));
}

// Appends the special tokens that a text names, and calls on_text for what is between them.
template <class OnText>
void split_at(const SpecialTokens& special, const Fragment& fragment, std::vector<Token>& tokens,
              const OnText& on_text) {
  const std::string_view text = fragment.text;
  for (std::size_t begin = 0; begin < text.size();) {
    const SpecialTokens::Match match = special.find(text, begin);
    const std::size_t end = std::min(match.begin, text.size());
    if (end > begin) {
      on_text(Fragment{text.substr(begin, end - begin), begin == 0 ? fragment.place : Place::after_token});
    }
    if (match.length > 0) tokens.push_back(match.token);
    begin = end + match.length;
  }
}

}  // namespace

Tokenizer::Impl::Impl(const Vocabulary& vocabulary, std::unique_ptr<const TextEncoder> text_encoder)
    : encoder(std::move(text_encoder)),
      bos(vocabulary.bos),
      eos(vocabulary.eos),
      add_bos(vocabulary.add_bos.value_or(encoder->adds_bos())),
      add_eos(vocabulary.add_eos.value_or(false)),
      chat_template(vocabulary.chat_template),
      normalizer_(vocabulary.pipeline.normalizer) {
  const auto n = static_cast<Token>(vocabulary.pieces.size());
  bytes.reserve(n);
  for (Token token = 0; token < n; ++token) {
    types.push_back(vocabulary.type(token));
    bytes.push_back(bytes_of(vocabulary.pieces[token], types.back(), *encoder));
  }
  // Where a byte is also a piece, the text means the piece.
  for (const bool is_byte : {false, true}) {
    for (Token token = 0; token < n; ++token) {
      if ((types[token] == TokenType::byte) == is_byte) by_bytes.emplace(bytes[token], token);
    }
  }
  name_tokens(vocabulary);
  find_end_tokens(vocabulary);
}

void Tokenizer::Impl::name_tokens(const Vocabulary& vocabulary) {
  std::unordered_map<Token, TokenMatching> matching;
  for (const TokenMatching& m : vocabulary.matching) matching.emplace(m.token, m);
  normalized_names_.reserve(matching.size());  // SpecialTokens keeps views
  for (Token token = 0; token < static_cast<Token>(bytes.size()); ++token) {
    const TokenType type = types[token];
    const bool always = type == TokenType::user_defined && !encoder->finds_user_defined();
    const bool parsed = type == TokenType::control || type == TokenType::unknown;
    if (type == TokenType::user_defined || parsed) by_bytes[bytes[token]] = token;
    if (!always && !parsed) continue;
    const auto found = matching.find(token);
    const TokenMatching how = found == matching.end() ? TokenMatching{token} : found->second;
    if (how.normalized) normalized_names_.push_back(rewrite(normalizer_, {bytes[token], Place::beginning}));
    const std::string_view name = how.normalized ? normalized_names_.back() : bytes[token];
    NamedTokens& named = how.normalized ? in_normalized_ : in_text_;
    if (always) named.always.add(name, token, {how.strip_left, how.strip_right});
    named.parsed.add(name, token, {how.strip_left, how.strip_right});
  }
}

void Tokenizer::Impl::find_end_tokens(const Vocabulary& vocabulary) {
  const auto add_end = [&](Token token) {
    if (std::find(end_tokens.begin(), end_tokens.end(), token) == end_tokens.end()) {
      end_tokens.push_back(token);
    }
  };
  if (eos) add_end(*eos);
  if (vocabulary.eot) add_end(*vocabulary.eot);
  for (const Token token : vocabulary.ends) add_end(token);
  for (const std::string_view name : kEndNames) {
    const auto found = by_bytes.find(name);
    if (found != by_bytes.end() && types[found->second] == TokenType::control) add_end(found->second);
  }
}

std::vector<Token> Tokenizer::Impl::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<Token> tokens;
  if (options.add_special && add_bos && bos) tokens.push_back(*bos);
  const auto pick = [&](const NamedTokens& named) -> const SpecialTokens& {
    return options.parse_special ? named.parsed : named.always;
  };
  const Place place = options.continues ? Place::after_text : Place::beginning;
  split_at(pick(in_text_), {text, place}, tokens, [&](const Fragment& part) {
    const auto encode_normalized = [&](std::string_view normalized) {
      split_at(pick(in_normalized_), {normalized, part.place}, tokens,
               [&](const Fragment& fragment) { encoder->encode(fragment, tokens); });
    };
    if (normalizer_.empty()) return encode_normalized(part.text);
    encode_normalized(rewrite(normalizer_, part));
  });
  if (options.add_special && add_eos && eos) tokens.push_back(*eos);
  return tokens;
}

Tokenizer::Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::vector<Token> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return impl_->encode(text, options);
}

std::string Tokenizer::decode(const std::vector<Token>& tokens) const {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) text += i == 0 ? first_piece(tokens[i]) : piece(tokens[i]);
  return text;
}

std::string_view Tokenizer::piece(Token token) const {
  if (token < 0 || token >= vocabulary()) {
    fail("token {}: expected an id from 0 to {}", token, vocabulary() - 1);
  }
  return impl_->bytes[token];
}

std::string_view Tokenizer::first_piece(Token token) const {
  std::string_view text = piece(token);
  if (impl_->encoder->strips_first_space() && !is_special(token) && text.starts_with(' '))
    text.remove_prefix(1);
  return text;
}

int Tokenizer::vocabulary() const { return static_cast<int>(impl_->bytes.size()); }
std::string Tokenizer::kind() const { return impl_->encoder->kind(); }
std::optional<Token> Tokenizer::bos() const { return impl_->bos; }
std::optional<Token> Tokenizer::leading_bos() const { return impl_->add_bos ? impl_->bos : std::nullopt; }
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
  pending_ += std::exchange(begins_, false) ? tokenizer_.first_piece(token) : tokenizer_.piece(token);
  const std::size_t complete = pending_.size() - truncated_utf8_suffix(pending_);
  std::string text = pending_.substr(0, complete);
  pending_.erase(0, complete);
  return text;
}

std::string StreamDecoder::flush() { return std::exchange(pending_, {}); }

}  // namespace msrnn
