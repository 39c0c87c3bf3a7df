// Fetching weights before their product begins. Of few tokens a step takes as long as reading all weights,
// and memory would rest whenever threads wait for each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <unordered_map>
#include <vector>

#include "backend/cpu/packed_weight.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// A model takes its weights in the same order at every step: what followed a product last time is fetched
// into the caches of the threads that will read it.
class NextWeights final : public WaitingWork {
 public:
  explicit NextWeights(int threads) : cursors_(static_cast<std::size_t>(threads)) {}

  // A product of one tile of tokens at most is next, in one loop over work split as WorkSplit does. Weights
  // of a stream come one after another, streams side by side.
  using Stream = std::initializer_list<const PackedWeight*>;
  void start(std::initializer_list<Stream> streams);
  // One of more tokens is next, which does not wait for memory.
  void rest() { last_ = nullptr, expected_ = nullptr; }

  void begin(int worker) override;
  void step(int worker) override;

 private:
  struct Piece {
    const std::byte *first, *end;
  };
  struct Product {
    std::vector<std::vector<Piece>> of_thread;  // where its share of the weights begins
    const Product* next = nullptr;
  };
  struct alignas(64) Cursor {
    const Product* product = nullptr;
    std::size_t piece = 0;
    const std::byte* at = nullptr;
  };

  Product& product(std::initializer_list<Stream> streams);
  static void add_pieces(Stream stream, std::int64_t n_bytes, std::vector<std::vector<Piece>>& of_thread);

  std::unordered_map<const std::byte*, Product> products_;  // by where the first of their weights lies
  Product* last_ = nullptr;
  const Product* expected_ = nullptr;
  std::vector<Cursor> cursors_;
};

}  // namespace msrnn::cpu
