// How much a text repeats itself.
#pragma once

#include <cstdint>
#include <span>

#include "msrnn/token.h"

namespace msrnn {

// Different n-grams as a share of all n-grams of the text (arXiv 1510.03055). 1 where the text has at most
// one. n >= 1.
double distinct(std::span<const Token> text, int n);

struct Repetition {
  // Tokens of the longest loop: of the longest part of the text that is one piece, and the same piece again
  // right after it, at least twice in all, the last time perhaps not to its end ("ab ab a" is a loop of 5).
  // Good prose has loops of a few tokens ("very, very"). 0 where no token is followed by itself in that way.
  std::int64_t longest_loop = 0;
  // Tokens of the longest piece that stands in the text at two places which do not overlap.
  std::int64_t longest_repeat = 0;
};

// Time grows with the square of the length: 5 ms for 4,096 tokens.
Repetition find_repetition(std::span<const Token> text);

}  // namespace msrnn
