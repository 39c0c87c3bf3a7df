#include "tokenizer/merges.h"

#include <bit>

namespace msrnn {

// At most half full, so that a search ends soon, and ends at all.
MergeTable::MergeTable(std::size_t n_merges)
    : entries_(std::bit_ceil(2 * n_merges + 1)), mask_(entries_.size() - 1) {}

void MergeTable::add(Token left, Token right, Merge merge) {
  const std::uint64_t key = key_of(left, right);
  std::size_t i = place_of(key);
  while (entries_[i].key != kEmpty && entries_[i].key != key) i = (i + 1) & mask_;
  if (entries_[i].key == kEmpty) entries_[i] = {key, merge};
}

}  // namespace msrnn
