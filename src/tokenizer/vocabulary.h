// What a model file says about its tokenizer, and the tokenizer made of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "msrnn/token.h"
#include "msrnn/tokenizer.h"

namespace msrnn {

// Numbered as GGUF files do (tokenizer.ggml.token_type).
enum class TokenType : std::uint8_t {
  normal = 1,
  unknown = 2,       // stands for what the vocabulary cannot write
  control = 3,       // structure, not text: found in a text only where EncodeOptions::parse_special
  user_defined = 4,  // found in a text always, before anything else is
  unused = 5,
  byte = 6,
};

struct Vocabulary {
  std::string model;                // the algorithm: "gpt2" is byte-level BPE
  std::string pre;                  // how a text is split into words first: "smollm", "gpt-2"
  std::vector<std::string> pieces;  // by token, spelled as the model file does
  std::vector<TokenType> types;     // by token; empty: all normal
  std::vector<float> scores;        // by token, or empty
  std::vector<std::string> merges;  // "left right", the first to be done first
  std::optional<Token> bos, eos, eot, unknown;
  bool add_bos = false, add_eos = false;
  bool add_space_prefix = false;
  std::string chat_template;

  TokenType type(Token token) const { return types.empty() ? TokenType::normal : types[token]; }
};

// Throws Error where sizes disagree, an id is outside the vocabulary, a piece is there twice or is not UTF-8,
// or a merge names an unknown piece; and where model or pre are none that msrnn has, naming those it has.
Tokenizer make_tokenizer(const Vocabulary& vocabulary);

}  // namespace msrnn
