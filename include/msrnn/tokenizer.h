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
  bool continues = false;      // goes on after encoded text: SentencePiece puts no space before it
};

// Immutable, shared between threads.
class Tokenizer {
 public:
  class Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl);

  // Any bytes, valid UTF-8 or not: decode(encode(text)) == text, but for bytes that the vocabulary has no
  // token for. They are left out, as other implementations do (SmolLM2 lacks 21: some control characters, and
  // bytes of no or of unassigned characters), or are the unknown token, if the model's files ask for that;
  // and but for what these files say a text becomes first: normal form C, no runs of spaces; nor does
  // SentencePiece tell U+2581 from a space.
  std::vector<Token> encode(std::string_view text, const EncodeOptions& options = {}) const;
  // The bytes of the tokens, less the space that SentencePiece puts before a text. Throws Error for an id
  // outside the vocabulary.
  std::string decode(const std::vector<Token>& tokens) const;
  // The bytes of one token; a special token gives its text.
  std::string_view piece(Token token) const;
  // The same of a token that begins a text: without SentencePiece's space.
  std::string_view first_piece(Token token) const;

  int vocabulary() const;
  std::string kind() const;  // "bpe (smollm)", for people
  std::optional<Token> bos() const;
  std::optional<Token> eos() const;
  // BOS, if the model's files put it before every text.
  std::optional<Token> leading_bos() const;
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
  enum class Start : std::uint8_t {
    text,          // the tokens begin a text; together they give what decode() gives
    continuation,  // they go on with one, and a space first is part of it
  };
  explicit StreamDecoder(const Tokenizer& tokenizer, Start start = Start::text)
      : tokenizer_(tokenizer), begins_(start == Start::text) {}
  // The text that became complete with this token; often empty in the middle of an emoji.
  std::string push(Token token);
  // What is left, incomplete as it is.
  std::string flush();

 private:
  Tokenizer tokenizer_;
  bool begins_;  // the next token begins a text
  std::string pending_;
};

}  // namespace msrnn
