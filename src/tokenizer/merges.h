// The merges of a BPE vocabulary: which two tokens become one, and which pair goes first.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "msrnn/token.h"

namespace msrnn {

struct Merge {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t rank = kNone;  // the least goes first
  Token merged = -1;
};

// A hash table with open addressing: it is asked once for every pair of neighbours in every text.
class MergeTable {
 public:
  explicit MergeTable(std::size_t n_merges);
  // At most n_merges times. Of equal pairs the first added stays. Ids are not negative.
  void add(Token left, Token right, Merge merge);
  // Rank kNone if the pair does not merge. Negative ids merge with nothing.
  Merge find(Token left, Token right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t i = place_of(key);; i = (i + 1) & mask_) {
      if (entries_[i].key == key || entries_[i].key == kEmpty) return entries_[i].merge;
    }
  }

 private:
  static constexpr std::uint64_t kEmpty = std::numeric_limits<std::uint64_t>::max();
  struct Entry {
    std::uint64_t key = kEmpty;
    Merge merge;
  };

  static std::uint64_t key_of(Token left, Token right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t place_of(std::uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> 32 & mask_; }

  std::vector<Entry> entries_;
  std::size_t mask_;
};

}  // namespace msrnn
