// Merges one word after another; keeps its memory between them.
#pragma once

#include <vector>

#include "tokenizer/merges.h"

namespace msrnn {

class WordMerger {
 public:
  explicit WordMerger(const MergeTable& merges) : merges_(merges) {}

  // What a word is made of. A negative symbol merges with nothing and is left out at the end.
  std::vector<Token>& symbols() { return symbols_; }

  // What is left of symbols() is appended to `tokens`. O(n log n).
  void merge_into(std::vector<Token>& tokens);

 private:
  void update_pair(std::uint32_t left);
  void merge_at(std::uint32_t left);

  const MergeTable& merges_;
  std::vector<Token> symbols_;
  std::vector<std::uint32_t> next_, previous_;  // symbols that are left
  std::vector<Merge> pairs_;                    // by symbol: of it and the next
  std::vector<std::uint64_t> queue_;            // heap of rank << 32 | symbol: of equal ranks the leftmost
};

}  // namespace msrnn
