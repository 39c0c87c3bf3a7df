// Vocabularies small enough to work out by hand what a text becomes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/vocabulary.h"

namespace msrnn::test {

// Bytes as byte-level BPE spells them.
inline std::string spell(std::string_view bytes) {
  static const auto alphabet = byte_alphabet();
  std::string spelled;
  for (const char c : bytes) append_utf8(spelled, alphabet[static_cast<unsigned char>(c)]);
  return spelled;
}

// Tokens 0 … 255 are the bytes; then one token for each merge, in order. Merges are given as bytes.
inline Vocabulary byte_vocabulary(
    const std::vector<std::pair<std::string_view, std::string_view>>& merges = {}) {
  Vocabulary v;
  v.model = "gpt2";
  v.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) v.pieces.push_back(spell(std::string(1, static_cast<char>(byte))));
  for (const auto& [left, right] : merges) {
    v.merges.push_back(spell(left) + " " + spell(right));
    v.pieces.push_back(spell(left) + spell(right));
  }
  v.types.assign(v.pieces.size(), TokenType::normal);
  return v;
}

inline Token add_piece(Vocabulary& v, std::string piece, TokenType type) {
  v.pieces.push_back(std::move(piece));
  v.types.push_back(type);
  return static_cast<Token>(v.pieces.size()) - 1;
}

}  // namespace msrnn::test
