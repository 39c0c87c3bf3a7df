// The keys and values that a block of rows can look at, as matrices in f32: one column for each slot of the
// state in use, then one for each row. When the rows are done, those still alive move into the slots, and
// their columns, that single steps would have given them.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/arena.h"
#include "backend/cpu/attention_pass.h"
#include "backend/cpu/lane.h"

namespace msrnn::cpu {

// Columns, and where those of each kSlotChunk slots end among them.
struct SlotOrder {
  std::vector<std::int32_t> columns, chunk_ends;
  std::vector<std::int32_t> rows;  // scratch: by slot
};

class BlockColumns {
 public:
  // Room for a state and max_rows rows.
  void lay_out(Arena& arena, const AttentionPass& pass, const AttentionJob& job, int max_rows);
  void load_state(const AttentionPass& pass, const AttentionJob& job);
  // Rows [first_row, first_row + n_rows) of the job become columns after those, their numbers rounded to the
  // state's type.
  void add_rows(const AttentionPass& pass, const AttentionJob& job, int first_row, int n_rows);
  // After a sweep over the n_rows added: row after row, the token takes the free slot of its lane and the
  // dropped one leaves its own. Reports the victims if asked.
  void assign_slots(const AttentionJob& job, int first_row, int n_rows);
  // Keys and values of survivors move to their slots, here and in the state.
  void commit(const AttentionPass& pass, const AttentionJob& job, int first_row, int n_rows);
  // Scores go back to the state.
  void store_scores(const AttentionJob& job) const;

  // The columns that some of the rows [begin_row, end_row) see, in the order in which single steps add their
  // values up: by slot, and of one slot by age.
  void list_by_slot(int lane, int begin_row, int end_row, SlotOrder& order) const;

  // Of each matrix; whole key panels.
  std::int64_t room() const { return room_; }
  std::int64_t value_stride() const { return value_stride_; }
  Lane& lane(int l) { return lanes_[static_cast<std::size_t>(l)]; }
  const Lane& lane(int l) const { return lanes_[static_cast<std::size_t>(l)]; }
  // The key of a column: numbers kKeyPanel apart, next to those of the other columns of its panel.
  float* key(int kv_head, std::int64_t column) const {
    const std::int64_t in_panel = column % kKeyPanel;
    return keys_ + (kv_head * room_ + column - in_panel) * head_dim_ + in_panel;
  }
  // The value of a column, padded with zeros to value_stride(); the next column's follows.
  float* value(int kv_head, std::int64_t column) const {
    return values_ + (kv_head * room_ + column) * value_stride_;
  }

 private:
  void end_windows(const AttentionShape& shape, std::int32_t position, int n_rows);
  void load_rows(const AttentionPass& pass, const AttentionJob& job, int kv_head, int first_row, int begin,
                 int end, float* scratch) const;
  // From one column to another; the rest of it is the lane's.
  void move_key(int kv_head, std::int64_t from, std::int64_t to) const;
  void move_value(int kv_head, std::int64_t from, std::int64_t to) const;
  float* scratch(int worker) const { return scratch_ + worker * 3 * head_dim_; }

  std::vector<Lane> lanes_;
  std::int64_t room_ = 0, head_dim_ = 0, value_stride_ = 0;
  float* keys_ = nullptr;     // [n_kv_heads][column / kKeyPanel][head_dim][kKeyPanel]
  float* values_ = nullptr;   // [n_kv_heads][room][value_stride]
  float* scratch_ = nullptr;  // [worker][3][head_dim]
};

}  // namespace msrnn::cpu
