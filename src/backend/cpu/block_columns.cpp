#include "backend/cpu/block_columns.h"

#include <algorithm>

namespace msrnn::cpu {
namespace {

constexpr int kColumnsOfTask = 64;
constexpr int kRowsOfTask = 16;

constexpr std::int64_t parts(std::int64_t n, std::int64_t part) { return (n + part - 1) / part; }

}  // namespace

void BlockColumns::lay_out(Arena& arena, const AttentionPass& pass, const AttentionJob& job, int max_rows) {
  const std::int64_t n_kv_heads = pass.shape.n_kv_heads;
  room_ = aligned_columns(std::int64_t{job.state.n_slots()} + max_rows, 2 * kKeyPanel);
  head_dim_ = pass.shape.head_dim;
  value_stride_ = aligned_columns(head_dim_);
  keys_ = arena.take<float>(n_kv_heads * room_ * head_dim_);
  values_ = arena.take<float>(n_kv_heads * room_ * value_stride_);
  moves_.resize(static_cast<std::size_t>(job.state.lanes));
  scratch_ = arena.take<float>(std::int64_t{pass.pool.size()} * 3 * head_dim_);
  lanes_.resize(static_cast<std::size_t>(job.state.lanes));
  for (Lane& lane : lanes_) lane = Lane::lay_out(arena, room_, max_rows);
}

void BlockColumns::load(const AttentionKernels& kernels, int kv_head, std::int64_t column, DType type,
                        const std::byte* stored_key, const std::byte* stored_value, float* scratch) const {
  kernels.load(type, stored_key, static_cast<int>(head_dim_), scratch);
  float* to = key(kv_head, column);
  for (std::int64_t d = 0; d < head_dim_; ++d) to[d * kKeyPanel] = scratch[d];
  float* numbers = value(kv_head, column);
  kernels.load(type, stored_value, static_cast<int>(head_dim_), numbers);
  std::fill(numbers + head_dim_, numbers + value_stride_, 0.0f);
}

void BlockColumns::load_state(const AttentionPass& pass, const AttentionJob& job) {
  const LayerState& state = job.state;
  std::int64_t most = 0;
  for (int l = 0; l < state.lanes; ++l) {
    Lane& of = lane(l);
    const Slot* slots = state.lane(l);
    of.n_columns = 0;
    for (std::int32_t s = 0; s < state.n_slots(); ++s) {
      if (slots[s].position == kEmpty) continue;
      of.slot[of.n_columns] = s;
      of.put(of.n_columns++, slots[s], -1, job.pins);
    }
    std::int32_t column = of.n_columns;  // later ones take the empty slots in order
    for (std::int32_t s = 0; s < state.n_slots(); ++s) {
      if (slots[s].position == kEmpty) of.slot[column++] = s;
    }
    most = std::max<std::int64_t>(most, of.n_columns);
  }
  const std::int64_t n_parts = parts(most, kColumnsOfTask), row_bytes = stored_bytes(state.dtype, head_dim_);
  pass.pool.for_each(state.n_kv_heads * n_parts, [&](std::int64_t task, int worker) {
    const int kv_head = static_cast<int>(task / n_parts);
    const Lane& of = lane(state.lane_of(kv_head));
    const std::int64_t begin = task % n_parts * kColumnsOfTask;
    const std::int64_t end = std::min<std::int64_t>(begin + kColumnsOfTask, of.n_columns);
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t at = (std::int64_t{kv_head} * state.n_slots() + of.slot[c]) * row_bytes;
      load(pass.kernels.attention, kv_head, c, state.dtype, state.k + at, state.v + at, scratch(worker));
    }
  });
}

void BlockColumns::add_rows(const AttentionPass& pass, const AttentionJob& job, int first_row, int n_rows) {
  for (const Lane& of : lanes_) {
    for (int r = 0; r < n_rows; ++r) {
      of.put(of.n_columns + r, Slot{job.first_position + first_row + r, 0}, r, job.pins);
    }
    const std::int64_t end = aligned_columns(of.n_columns + n_rows, 2 * kKeyPanel);
    for (std::int64_t c = of.n_columns + n_rows; c < end; ++c) of.clear(c);
  }
  const AttentionKernels& kernels = pass.kernels.attention;
  const DType type = job.state.dtype;
  const std::int64_t n_parts = parts(n_rows, kRowsOfTask);
  pass.pool.for_each(job.state.n_kv_heads * n_parts, [&](std::int64_t task, int worker) {
    const int kv_head = static_cast<int>(task / n_parts), n = static_cast<int>(head_dim_);
    float* numbers = scratch(worker);
    std::byte* const stored_key = reinterpret_cast<std::byte*>(numbers + head_dim_);
    std::byte* const stored_value = reinterpret_cast<std::byte*>(numbers + 2 * head_dim_);
    const int begin = static_cast<int>(task % n_parts) * kRowsOfTask;
    for (int r = begin; r < std::min(begin + kRowsOfTask, n_rows); ++r) {
      const std::int64_t row = job.first_row + first_row + r;
      kernels.store(type, pass.qkv.k.row(row) + kv_head * head_dim_, n, stored_key);
      kernels.store(type, pass.qkv.v.row(row) + kv_head * head_dim_, n, stored_value);
      const std::int64_t column = lane(job.state.lane_of(kv_head)).n_columns + r;
      load(kernels, kv_head, column, type, stored_key, stored_value, numbers);
    }
  });
}

// Survivors, oldest first, fill the columns that were dropped, in the order they were, and then new ones. A
// lane gains as many columns as it loses, or more, so no hole is left; and no survivor moves to a column that
// a later one still has to leave.
void BlockColumns::plan_moves(Lane& of, std::vector<Move>& moves, int n_rows) const {
  const std::int32_t before = of.n_columns;
  moves.clear();
  int row = 0;
  const auto next_hole = [&] {
    for (; row < n_rows; ++row) {
      if (of.dropped[row] >= 0 && of.dropped[row] < before) return of.dropped[row++];
    }
    return of.n_columns++;
  };
  for (std::int32_t from = before; from < before + n_rows; ++from) {
    if (of.columns.alive[from] == 0) continue;
    const std::int32_t to = next_hole();
    moves.push_back({from, to});
    of.copy(from, to);
  }
}

void BlockColumns::commit(const AttentionPass& pass, const AttentionJob& job, int n_rows) {
  const LayerState& state = job.state;
  const AttentionKernels& kernels = pass.kernels.attention;
  for (std::size_t l = 0; l < lanes_.size(); ++l) plan_moves(lanes_[l], moves_[l], n_rows);
  const int n = static_cast<int>(head_dim_);
  const std::int64_t row_bytes = stored_bytes(state.dtype, head_dim_);
  pass.pool.for_each(state.n_kv_heads, [&](std::int64_t task, int worker) {
    const int kv_head = static_cast<int>(task), l = state.lane_of(kv_head);
    float* numbers = scratch(worker);
    for (const Move& move : moves_[static_cast<std::size_t>(l)]) {
      const float* from = key(kv_head, move.from);
      float* to = key(kv_head, move.to);
      for (std::int64_t d = 0; d < head_dim_; ++d) to[d * kKeyPanel] = numbers[d] = from[d * kKeyPanel];
      if (move.to != move.from) std::copy_n(value(kv_head, move.from), head_dim_, value(kv_head, move.to));
      const std::int64_t at = (std::int64_t{kv_head} * state.n_slots() + lane(l).slot[move.to]) * row_bytes;
      kernels.store(state.dtype, numbers, n, state.k + at);
      kernels.store(state.dtype, value(kv_head, move.to), n, state.v + at);
    }
  });
}

void BlockColumns::store_slots(const AttentionJob& job) const {
  const LayerState& state = job.state;
  for (int l = 0; l < state.lanes; ++l) {
    const Lane& of = lane(l);
    Slot* slots = state.lane(l);
    std::fill_n(slots, state.n_slots(), Slot{});
    for (std::int32_t c = 0; c < of.n_columns; ++c) {
      slots[of.slot[c]] = Slot{of.columns.position[c], of.columns.score[c]};
    }
    state.free_slot[l] = of.slot[of.n_columns];
  }
}

}  // namespace msrnn::cpu
