// Attention one token at a time: decoding, and position modes in which keys turn with every eviction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/arena.h"
#include "backend/cpu/attention_pass.h"
#include "backend/cpu/lane.h"
#include "backend/cpu/rotation_table.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

// A step of one job is cut into chunks of slots, whose results are merged in slot order. All threads share
// the chunks of few jobs, in one loop for the scores and one for what follows from the largest of them; many
// jobs they share as they are. Results are the same.
class StepAttention {
 public:
  // Row 0 of all jobs, then row 1, …
  void run(const AttentionPass& pass, std::span<const AttentionJob* const> jobs);

 private:
  // One job's scratch.
  struct Seat {
    const AttentionJob* job = nullptr;
    std::int64_t stride = 0;                // of exponentials: slots, rounded up
    std::int32_t n_used = 0, n_chunks = 0;  // slots and chunks up to the last live slot of any lane
    std::int32_t first_position = 0;        // that the token sees
    float* q = nullptr;                     // [n_heads][head_dim], scaled, and rotated where that is due
    float* exponentials = nullptr;          // [n_heads][stride]
    float* largest = nullptr;               // [n_kv_heads][chunk][group], score
    std::int64_t* units = nullptr;          // [n_kv_heads][chunk][group], sum of exponentials
    float* sums = nullptr;                  // [n_kv_heads][chunk][group][head_dim]
    RowSoftmax* softmax = nullptr;          // [n_heads]
    float* inverse_sums = nullptr;          // [n_heads]
    float* rotated_keys = nullptr;          // [n_kv_heads][slots][head_dim]
    std::int32_t* by_age = nullptr;         // [lanes][slots], the live slots, oldest first
    std::int32_t* n_live = nullptr;         // [lanes], how many these are
    std::int32_t* turns = nullptr;          // [lanes][slots], rotary position of each live slot
    std::vector<Lane> lanes;

    bool rotates() const { return job->positions != PositionMode::absolute; }
    std::int64_t part(int kv_head, int chunk) const { return std::int64_t{kv_head} * n_chunks + chunk; }
  };
  struct Task {
    Seat* seat;
    std::int32_t part, chunk;  // part: KV head, or lane
  };

  void lay_out(Arena& arena, Seat& seat, const AttentionShape& shape);
  void lay_out_all(Arena& arena, const AttentionPass& pass, std::size_t n_jobs);
  void step(const AttentionPass& pass, std::int32_t row);
  // Whether each seat is one task: KV head after KV head, its keys and then its values.
  bool steps_alone(const AttentionPass& pass) const;
  void step_alone(const AttentionPass& pass, Seat& seat, int worker, std::int32_t row);
  void step_together(const AttentionPass& pass, std::int32_t row);
  // A step of one seat: enter, score all chunks of a KV head, weigh them, leave each lane.
  void enter(const AttentionPass& pass, Seat& seat, std::int32_t row) const;
  void find_turns(Seat& seat, int lane, std::int32_t row) const;
  void score(const AttentionPass& pass, const Task& task, int worker, std::int32_t row) const;
  void weigh(const AttentionPass& pass, const Task& task) const;
  void leave(const AttentionPass& pass, const Seat& seat, int lane, std::int32_t row) const;
  void merge(const AttentionPass& pass, const Seat& seat, int head, std::int32_t row) const;
  void evict(const AttentionPass& pass, const Seat& seat, int lane, std::int32_t row) const;
  SlotChunk chunk_of(const AttentionPass& pass, const Task& task) const;
  const float* rotate_keys(const AttentionPass& pass, const Seat& seat, int kv_head, const std::byte* keys,
                           std::int32_t begin, std::int32_t end) const;

  Buffer memory_;
  std::byte* panels_ = nullptr;  // [worker][head_dim, in multiples of kPanelRows][kPanelRowBytes]
  std::vector<Seat> seats_;
  std::vector<Seat*> stepping_;  // that have the row of this step
  std::vector<Task> tasks_;
  RotationTable table_;
};

}  // namespace msrnn::cpu
