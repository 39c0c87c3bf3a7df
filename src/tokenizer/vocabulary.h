// What a model's files say about its tokenizer, and the tokenizer made of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "msrnn/token.h"
#include "msrnn/tokenizer.h"

#include "tokenizer/pipeline.h"

namespace msrnn {

// Numbered as GGUF files do (tokenizer.ggml.token_type).
enum class TokenType : std::uint8_t {
  normal = 1,
  unknown = 2,       // stands for what the vocabulary cannot write
  control = 3,       // structure, not text: found in a text only where EncodeOptions::parse_special
  user_defined = 4,  // found in a text always, before anything else is
  unused = 5,
  byte = 6,  // spelled <0x00> to <0xFF>
};

// How a control, unknown or user-defined token is found in a text, where that differs from the others.
struct TokenMatching {
  Token token;
  bool strip_left = false, strip_right = false;  // it takes the white space around it along
  bool normalized = false;  // it is looked for, normalized itself, in the normalized text
};

struct Vocabulary {
  // The algorithm. In GGUF files "gpt2" is byte-level BPE and "llama" SentencePiece's BPE. A tokenizer.model
  // is "sentencepiece-bpe" or "sentencepiece-unigram", a tokenizer.json "bpe", with the pipeline it
  // describes.
  std::string model;
  std::string pre;                  // of "gpt2": the name of its pipeline, "smollm" or "gpt-2"
  std::vector<std::string> pieces;  // by token, spelled as the model's files do
  std::vector<TokenType> types;     // by token; empty: all normal
  std::vector<float> scores;        // by token, or empty
  std::vector<std::string> merges;  // "left right", the first to be done first
  std::vector<TokenMatching> matching;
  Pipeline pipeline;  // of "bpe"
  std::optional<Token> bos, eos, eot, unknown;
  std::vector<Token> ends;  // further tokens after which a model has said all
  // None: what is usual for the model and pre.
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  bool remove_extra_whitespaces = false;  // SentencePiece: runs of spaces, and spaces around a text
  std::string chat_template;

  TokenType type(Token token) const { return types.empty() ? TokenType::normal : types[token]; }
};

// Tokens up to `size`, for rows of a model's matrices that no token has; nothing if there are as many.
void pad_vocabulary(Vocabulary& vocabulary, std::size_t size);

// Throws Error unless lists have one entry a token and ids name tokens.
void check_vocabulary(const Vocabulary& vocabulary);

// Throws Error where sizes disagree, an id is outside the vocabulary, a piece is there twice or is not UTF-8,
// or a merge names an unknown piece; and where model or pre are none that msrnn has, naming those it has.
Tokenizer make_tokenizer(const Vocabulary& vocabulary);

}  // namespace msrnn
