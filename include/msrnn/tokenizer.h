// Text to tokens and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/token.h"

namespace MSRNN_API msrnn {

struct EncodeOptions {
  bool add_special = false;    // what the model's files say belongs around a text (BOS, EOS)
  bool parse_special = false;  // "<|im_start|>" in the text is that special token, not eleven characters
};

// Immutable, shared between threads.
class Tokenizer {
 public:
  class Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl);

  // Any bytes, valid UTF-8 or not: decode(encode(text)) == text, but for bytes that the vocabulary has no
  // token for. They are left out, as other implementations do (SmolLM2 lacks 21: some control characters, and
  // bytes of no or of unassigned characters).
  std::vector<Token> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // The bytes of the tokens. Throws Error for an id outside the vocabulary.
  std::string decode(const std::vector<Token>& tokens) const;
  // The bytes of one token; a special token gives its text.
  std::string_view piece(Token token) const;

  int vocabulary() const;
  std::string kind() const;  // "bpe (smollm)", for people
  std::optional<Token> bos() const;
  std::optional<Token> eos() const;
  // Tokens after which a model has said all it wants to say: EOS, end of turn.
  const std::vector<Token>& end_tokens() const;
  bool is_special(Token token) const;
  std::optional<Token> find(std::string_view piece) const;
  // The Jinja template of the model's chat format; empty if it has none.
  const std::string& chat_template() const;

 private:
  std::shared_ptr<const Impl> impl_;
};

// Turns tokens into text as they come, holding back the bytes of a character that is not complete yet.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  // The text that became complete with this token; often empty in the middle of an emoji.
  std::string push(Token token);
  // What is left, incomplete as it is.
  std::string flush();

 private:
  Tokenizer tokenizer_;
  std::string pending_;
};

}  // namespace msrnn
