#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/merges.h"

namespace msrnn {
namespace {

MergeTable make_merges(const std::vector<std::string>& merges, const PieceIndex& index) {
  MergeTable table(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string& merge = merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos) fail("merge {}: expected two pieces, found \"{}\"", rank, merge);
    const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
    const auto id = [&](const std::string& piece) {
      const auto found = index.find(piece);
      if (found == index.end()) {
        fail("merge {} (\"{}\"): \"{}\" is not in the vocabulary", rank, merge, piece);
      }
      return found->second;
    };
    const Token left_id = id(left), right_id = id(right);
    table.add(left_id, right_id, {static_cast<std::uint32_t>(rank), id(left + right)});
  }
  return table;
}

// Merges one word after another; keeps its memory between them.
class WordMerger {
 public:
  explicit WordMerger(const MergeTable& merges) : merges_(merges) {}

  std::vector<Token>& symbols() { return symbols_; }

  // What is left of symbols() is appended to `tokens`. O(n log n).
  void merge_into(std::vector<Token>& tokens) {
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

 private:
  void update_pair(std::uint32_t left) {
    const std::uint32_t right = next_[left];
    pairs_[left] = right < symbols_.size() ? merges_.find(symbols_[left], symbols_[right]) : Merge{};
    if (pairs_[left].rank == Merge::kNone) return;
    queue_.push_back(std::uint64_t{pairs_[left].rank} << 32 | left);
    std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
  }

  void merge_at(std::uint32_t left) {
    const std::uint32_t right = next_[left];
    symbols_[left] = pairs_[left].merged;
    pairs_[right] = {};
    next_[left] = next_[right];
    if (next_[left] < symbols_.size()) previous_[next_[left]] = left;
    update_pair(left);
    if (left > 0) update_pair(previous_[left]);
  }

  const MergeTable& merges_;
  std::vector<Token> symbols_;
  std::vector<std::uint32_t> next_, previous_;  // symbols that are left
  std::vector<Merge> pairs_;                    // by symbol: of it and the next
  std::vector<std::uint64_t> queue_;            // heap of rank << 32 | symbol: of equal ranks the leftmost
};

class Bpe final : public TextEncoder {
 public:
  Bpe(const Vocabulary& vocabulary, const PieceIndex& index, PreTokenizer pre_tokenizer, std::string kind)
      : pre_tokenizer_(std::move(pre_tokenizer)),
        kind_(std::move(kind)),
        merges_(make_merges(vocabulary.merges, index)) {
    const auto alphabet = byte_alphabet();
    for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
      std::string piece;
      append_utf8(piece, alphabet[byte]);
      const auto found = index.find(piece);
      byte_tokens_[byte] = found == index.end() ? -1 : found->second;
    }
  }

  std::string kind() const override { return kind_; }

  void encode(std::string_view text, std::vector<Token>& tokens) const override {
    WordMerger merger(merges_);
    pre_tokenizer_.split(text, [&](std::string_view word) {
      merger.symbols().clear();
      for (const char c : word) merger.symbols().push_back(byte_tokens_[static_cast<unsigned char>(c)]);
      merger.merge_into(tokens);
    });
  }

  // A piece outside the byte alphabet was added to the vocabulary as plain text.
  std::string bytes_of(std::string_view piece) const override {
    return spelled_bytes(piece).value_or(std::string(piece));
  }

 private:
  PreTokenizer pre_tokenizer_;
  std::string kind_;
  MergeTable merges_;
  std::array<Token, 256> byte_tokens_;  // −1: the vocabulary has none, and the byte is left out
};

}  // namespace

std::unique_ptr<const TextEncoder> make_bpe(const Vocabulary& vocabulary, const PieceIndex& index,
                                            PreTokenizer pre_tokenizer, std::string kind) {
  return std::make_unique<Bpe>(vocabulary, index, std::move(pre_tokenizer), std::move(kind));
}

}  // namespace msrnn
