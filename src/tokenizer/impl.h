// The inside of a Tokenizer: what all kinds share, and the algorithm that they differ in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "msrnn/tokenizer.h"

#include "tokenizer/special_tokens.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// An algorithm. Immutable, shared between threads.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  virtual std::string kind() const = 0;  // for people
  // Appends the tokens of a text without special tokens. Any bytes.
  virtual void encode(std::string_view text, std::vector<Token>& tokens) const = 0;
  // The bytes that a normal token stands for, from the spelling in the model file.
  virtual std::string bytes_of(std::string_view piece) const = 0;
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
  SpecialTokens always_special;  // user-defined tokens
  SpecialTokens parsed_special;  // those, control and unknown tokens
  std::optional<Token> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<Token> end_tokens;
  std::string chat_template;
};

}  // namespace msrnn
