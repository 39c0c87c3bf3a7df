#include "encode_text.h"

#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace msrnn {

std::vector<Token> encode_text(const Tokenizer& tokenizer, std::string_view text,
                               const EncodeOptions& options) {
  std::vector<Token> tokens = tokenizer.encode(text, options);
  // Special tokens may stand around the text.
  if (tokenizer.decode(tokens).find(text) == std::string::npos) {
    fmt::print(stderr,
               "msrnn: warning: this model's vocabulary has no token for some bytes of the text (control "
               "characters, "
               "perhaps); they are left out\n");
  }
  return tokens;
}

}  // namespace msrnn
