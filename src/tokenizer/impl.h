// The inside of a Tokenizer: what all kinds share, and the algorithm that they differ in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "msrnn/tokenizer.h"

#include "tokenizer/rewrite.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// An algorithm. Immutable, shared between threads.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  virtual std::string kind() const = 0;  // for people
  // Appends the tokens of a text without special tokens. Any bytes.
  virtual void encode(const Fragment& fragment, std::vector<Token>& tokens) const = 0;
  // The bytes that a normal token stands for, from the spelling in the model file.
  virtual std::string bytes_of(std::string_view piece) const = 0;

  // BOS before a text, where the file does not say.
  virtual bool adds_bos() const { return false; }
  // Encoding puts a space before a text, and decoding drops it.
  virtual bool strips_first_space() const { return false; }
  // encode() looks for user-defined tokens itself.
  virtual bool finds_user_defined() const { return false; }
};

class Tokenizer::Impl {
 public:
  // `vocabulary` is valid.
  Impl(const Vocabulary& vocabulary, std::unique_ptr<const TextEncoder> encoder);

  std::vector<Token> encode(std::string_view text, const EncodeOptions& options) const;

  std::unique_ptr<const TextEncoder> encoder;
  std::vector<std::string> bytes;  // by token: what it stands for
  std::vector<TokenType> types;    // by token
  std::unordered_map<std::string_view, Token> by_bytes;
  std::optional<Token> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<Token> end_tokens;
  std::string chat_template;

 private:
  // Tokens that are found in a text as they are.
  struct NamedTokens {
    SpecialTokens always;  // user-defined tokens
    SpecialTokens parsed;  // those, control and unknown tokens
  };

  void name_tokens(const Vocabulary& vocabulary);
  void find_end_tokens(const Vocabulary& vocabulary);

  std::vector<Rewrite> normalizer_;
  NamedTokens in_text_, in_normalized_;
  std::vector<std::string> normalized_names_;  // what in_normalized_ looks for
};

}  // namespace msrnn
