// Tokens that are found in a text as they are, before it is split into words.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "msrnn/token.h"

namespace msrnn {

// Whether the white space around a token belongs to it.
struct Strip {
  bool left = false, right = false;
};

class SpecialTokens {
 public:
  // Owns no text: `text` must outlive it. An empty text is never found.
  void add(std::string_view text, Token token, Strip strip = {});

  struct Match {
    std::size_t begin = std::string_view::npos, length = 0;  // npos: none
    Token token = -1;
  };
  // The first special token in `text`, from `begin` on; of those that begin there the longest. A match does
  // not reach to before `begin`.
  Match find(std::string_view text, std::size_t begin) const;

 private:
  struct Entry {
    Token token;
    Strip strip;
  };

  std::unordered_map<std::string_view, Entry> tokens_;
  std::vector<std::size_t> lengths_;        // that occur, longest first
  std::array<bool, 256> first_bytes_ = {};  // that occur
};

}  // namespace msrnn
