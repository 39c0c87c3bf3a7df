// Rewriting a text, or a part of one, before it is cut into words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pipeline.h"

namespace msrnn {

// A part of a text, between tokens that were found in it as they are.
struct Fragment {
  std::string_view text;
  bool begins_text;
};

// Bytes that are not UTF-8 stay as they are.
std::string rewrite(const std::vector<Rewrite>& steps, const Fragment& fragment);

}  // namespace msrnn
