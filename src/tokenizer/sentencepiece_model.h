// SentencePiece's model files (tokenizer.model): the message ModelProto of sentencepiece_model.proto. Its
// fields are read and written by number, since the library has no public header that builds one.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/vocabulary.h"

namespace msrnn {

// Model "sentencepiece-bpe" or "sentencepiece-unigram". Throws Error where the bytes are damaged, and where
// the model asks for what msrnn does not do: another algorithm, a table of character replacements, spaces as
// suffixes or not escaped.
Vocabulary read_sentencepiece_model(std::string_view bytes);

struct SentencePieceOptions {
  bool unigram = false;
  bool dummy_prefix = false;        // the library puts a space before every text
  bool finds_user_defined = false;  // the library finds user-defined tokens; otherwise it never gives one
};

// A model that the library loads, from what the vocabulary says: pieces, types, scores and
// remove_extra_whitespaces. Throws Error where they cannot be a model: no score, none or several unknown
// tokens, some but not all bytes.
std::string write_sentencepiece_model(const Vocabulary& vocabulary, const SentencePieceOptions& options);

// The byte that "<0x41>" spells, −1 for any other text.
int byte_of_piece(std::string_view piece);

}  // namespace msrnn
