// Attention with eviction, one token after another: the definition of what every device computes.
#pragma once

#include <span>
#include <vector>

#include "backend/backend.h"
#include "base/thread_pool.h"

namespace msrnn {

// Cosines and sines of the rotary embedding, by integer position. Grows with the largest position asked for.
class RotaryTable {
 public:
  // Turns the pairs of `head` by their angles at `position`.
  void rotate(std::span<float> head, const Rope& rope, std::int32_t position) const;
  // Makes the table cover positions [0, n).
  void cover(const Rope& rope, std::int32_t n);

 private:
  struct Turn {
    double cosine, sine;
  };
  RopeCopy rope_;
  std::vector<Turn> turns_;  // [position][pairs]
};

// cap · tanh(x / cap)
double soft_cap(double x, double cap);

// Turns one head of one row by a position of any size.
void rotate(std::span<float> head, const Rope& rope, std::int32_t position);

class ReferenceAttention {
 public:
  explicit ReferenceAttention(ThreadPool& pool) : pool_(pool) {}

  // Backend::attend.
  void run(Tensor out, const Qkv& qkv, const AttentionShape& shape, std::span<const AttentionJob> jobs);

 private:
  void step(const AttentionJob& job, std::int32_t step, Tensor out, const Qkv& qkv,
            const AttentionShape& shape);
  void attend_kv_head(const AttentionJob& job, std::int64_t row, int kv_head, Tensor out, const Qkv& qkv,
                      const AttentionShape& shape);

  ThreadPool& pool_;
  RotaryTable table_;
  std::vector<float> probabilities_;  // [n_heads][n_slots], 0 for empty slots
  std::vector<float> mass_;           // [n_slots]
};

}  // namespace msrnn
