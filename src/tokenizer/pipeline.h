// What happens to a text before BPE merges its words, step by step, as tokenizer.json files describe it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace msrnn {

// Where a text is rewritten, between the tokens that are found in it as they are.
struct Replace {
  std::string pattern, content;  // every occurrence; the pattern is not empty
};
struct Prepend {
  enum class Where : std::uint8_t {
    every_part,        // of a text, if it is not empty
    unless_there,      // every part that does not begin with it already
    beginning_unless,  // the part that the text begins with, if it does not begin with it already
  };
  std::string content;
  Where where = Where::every_part;
};
struct ComposeCharacters {};  // Unicode's normal form C
using Rewrite = std::variant<Replace, Prepend, ComposeCharacters>;

// Cutting a text at the matches of an expression.
enum class SplitBehaviour : std::uint8_t {
  isolated,              // a match is a word, and so is what lies between two
  removed,               // what lies between two is a word, a match is dropped
  only_matches,          // the other way round
  contiguous,            // matches without anything between them are one word
  merged_with_previous,  // a match ends the word before it
  merged_with_next,      // a match begins the word after it
};
struct Split {
  std::string expression;  // Oniguruma's, see expression.h
  SplitBehaviour behaviour = SplitBehaviour::isolated;

  bool operator==(const Split&) const = default;
};

// How pieces are spelled, and so what BPE merges.
enum class Spelling : std::uint8_t {
  byte_alphabet,  // GPT-2: bytes, each written as one character
  metaspace,      // SentencePiece: characters, a space as U+2581
};

struct Pipeline {
  std::vector<Rewrite> normalizer;  // before tokens that are found in the normalized text
  std::vector<Rewrite> metaspace;   // after them
  std::vector<Split> splits;        // each cuts the words that the one before it left
  Spelling spelling = Spelling::byte_alphabet;
  bool ignore_merges = false;  // a word that is a piece is that token, whatever the merges would make of it
  bool byte_fallback = false;  // a character without a piece is its bytes' tokens, <0x00> to <0xFF>
  bool fuse_unknown = false;   // unknown characters in a row are one unknown token
  bool strip_space = false;    // decoding drops a space that the text begins with
};

}  // namespace msrnn
