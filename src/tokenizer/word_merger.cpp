#include "tokenizer/word_merger.h"

#include <algorithm>
#include <functional>

namespace msrnn {

void WordMerger::merge_into(std::vector<Token>& tokens) {
  const auto n = static_cast<std::uint32_t>(symbols_.size());
  pairs_.assign(n, {});
  next_.resize(n);
  previous_.resize(n);
  queue_.clear();
  for (std::uint32_t i = 0; i < n; ++i) {
    next_[i] = i + 1;
    previous_[i] = i - 1;
  }
  for (std::uint32_t i = 0; i + 1 < n; ++i) update_pair(i);
  while (!queue_.empty()) {
    std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
    const std::uint64_t first = queue_.back();
    queue_.pop_back();
    const auto left = static_cast<std::uint32_t>(first);
    // Otherwise a neighbour has merged since; the pair now at `left` has its own entry.
    if (pairs_[left].rank == first >> 32) merge_at(left);
  }
  for (std::uint32_t i = 0; i < n; i = next_[i]) {
    if (symbols_[i] >= 0) tokens.push_back(symbols_[i]);
  }
}

void WordMerger::update_pair(std::uint32_t left) {
  const std::uint32_t right = next_[left];
  pairs_[left] = right < symbols_.size() ? merges_.find(symbols_[left], symbols_[right]) : Merge{};
  if (pairs_[left].rank == Merge::kNone) return;
  queue_.push_back(std::uint64_t{pairs_[left].rank} << 32 | left);
  std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
}

void WordMerger::merge_at(std::uint32_t left) {
  const std::uint32_t right = next_[left];
  symbols_[left] = pairs_[left].merged;
  pairs_[right] = {};
  next_[left] = next_[right];
  if (next_[left] < symbols_.size()) previous_[next_[left]] = left;
  update_pair(left);
  if (left > 0) update_pair(previous_[left]);
}

}  // namespace msrnn
