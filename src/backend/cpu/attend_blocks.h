// Attention of many rows at once, with the victims and results of single steps.
//
// Scores of all rows of a sub-block with all columns are one product, for eviction only hides columns. A
// sweep through the rows finds out which; the output is another product.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/attention_pass.h"
#include "backend/cpu/block_columns.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

class BlockAttention {
 public:
  // Positions are absolute.
  void run(const AttentionPass& pass, const AttentionJob& job);

 private:
  // Of the columns seen so far: the largest score, and the sum of e^(score − largest).
  struct RunningSoftmax {
    float largest = kNoScore, sum = 0;
  };
  // Rows of one KV head, or lane: what one task takes.
  struct Tile {
    int part, begin_row, end_row, worker;
  };

  void lay_out(Arena& arena, const AttentionPass& pass, const AttentionJob& job);
  void run_rows(const AttentionPass& pass, const AttentionJob& job);
  // What each row drops, and the slots they take.
  void evict(const AttentionPass& pass, const AttentionJob& job);
  void order_columns(const AttentionPass& pass, const AttentionJob& job);
  SlotOrder& order(int lane, int begin_row);  // of the tile
  template <class Body>
  void for_each_tile(const AttentionPass& pass, int n_parts, Body body);
  void load_queries(const AttentionPass& pass, const AttentionJob& job, Tile tile);

  // Policies that observe: every tile is scored, all rows are swept, every tile is weighed.
  void score(const AttentionPass& pass, const AttentionJob& job, Tile tile);
  void sweep(const AttentionPass& pass, const AttentionJob& job, int lane);
  void weigh(const AttentionPass& pass, const AttentionJob& job, Tile tile);
  // Others: rows are swept first, then a tile goes over the columns with a running softmax.
  void attend(const AttentionPass& pass, const AttentionJob& job, Tile tile);

  void score_rows(const AttentionPass& pass, const AttentionJob& job, int kv_head, int begin_row,
                  int end_row);
  template <class Factor>
  void write_out(const AttentionPass& pass, const AttentionJob& job, Tile tile, const float* sums,
                 Factor factor) const;
  void multiply_keys(const AttentionPass& pass, int kv_head, int row, int n_rows, std::int64_t first,
                     std::int64_t n, float* scores, std::int64_t stride) const;

  // Scores, then exponentials, of the first query head of a row and KV head; the next head's follow.
  float* exponentials(std::int64_t group, int kv_head, int row) const;
  float* query(std::int64_t group, int kv_head, int row) const;

  BlockColumns columns_;
  Buffer memory_;
  float* queries_ = nullptr;           // [n_kv_heads][row][group][head_dim], scaled
  float* exponentials_ = nullptr;      // [n_kv_heads][row][group][room]
  RowSoftmax* softmax_ = nullptr;      // [row][n_heads]
  float* inverse_sums_ = nullptr;      // [row][n_heads]
  float* sums_ = nullptr;              // [worker][tile row][group][value stride]
  float* tile_scores_ = nullptr;       // [worker][tile row][group][columns of a tile]
  RunningSoftmax* running_ = nullptr;  // [worker][tile row][group]
  std::vector<SlotOrder> orders_;      // [lane][tile of a sub-block]
  std::int64_t head_dim_ = 0;
  int first_row_ = 0, n_rows_ = 0;  // the sub-block, within the job
};

}  // namespace msrnn::cpu
