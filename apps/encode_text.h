// Tokens of a text somebody gave.
#pragma once

#include <string_view>
#include <vector>

#include "msrnn/tokenizer.h"

namespace msrnn {

// Tokenizer::encode, with a warning on standard error if the vocabulary has no token for some bytes of the
// text, which are then left out.
std::vector<Token> encode_text(const Tokenizer& tokenizer, std::string_view text,
                               const EncodeOptions& options = {});

}  // namespace msrnn
