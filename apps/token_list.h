// Token ids as text: numbers separated by blanks or line ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/token.h"

namespace msrnn {

// Throws Error naming the source and the word that is not an id of a vocabulary of this size.
std::vector<Token> parse_tokens(std::string_view text, int vocabulary, const std::string& source);

}  // namespace msrnn
