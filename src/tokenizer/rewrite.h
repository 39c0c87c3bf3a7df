// Rewriting a text, or a part of one, before it is cut into words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pipeline.h"

namespace msrnn {

// What a part of a text follows.
enum class Place : std::uint8_t {
  beginning,    // nothing
  after_token,  // a token that was found in the text as it is
  after_text,   // text that was encoded before: no space is put between the two
};

// A part of a text, between tokens that were found in it as they are.
struct Fragment {
  std::string_view text;
  Place place;
};

// Bytes that are not UTF-8 stay as they are.
std::string rewrite(const std::vector<Rewrite>& steps, const Fragment& fragment);

}  // namespace msrnn
