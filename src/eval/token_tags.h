// Tags of a text's words, part of speech perhaps, laid beside the model's tokens. docs/word-tags.md describes
// the files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "msrnn/tokenizer.h"

namespace msrnn {

struct ByteRange {
  std::size_t begin = 0, end = 0;
};

// Which bytes of the text each token is, [tokens]; tokens that are no part of it, such as BOS, have none.
// Bytes that the vocabulary has no token for may be missing between tokens. Throws Error where the tokens are
// not those of the text's own bytes (some tokenizers normalise a text first).
std::vector<ByteRange> token_ranges(const Tokenizer& tokenizer, std::string_view text,
                                    std::span<const Token> tokens);

// The tag of each token, [tokens], empty where it has none: that of the word it shares most bytes with, the
// first of equals; or its own, in a file that tags tokens. Throws Error naming file and line where the file
// is not of the format, or is that of another text or tokenizer.
std::vector<std::string> read_token_tags(const std::filesystem::path& path, std::string_view text,
                                         std::span<const Token> tokens, std::span<const ByteRange> ranges);

}  // namespace msrnn
