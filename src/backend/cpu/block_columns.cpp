#include "backend/cpu/block_columns.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/parts.h"

namespace msrnn::cpu {
namespace {

// Rows whose columns are one cache line of a panel: threads that shared a line would fight for it.
constexpr int kRowsOfTask = 16;

// Slots up to the last live or free one: whatever rows do, a token of row r then has a slot before column
// n + r + 1.
std::int32_t slots_in_use(const LayerState& state, int lane) {
  return std::max(used_slots(state, lane), state.free_slot[lane] + 1);
}

std::int32_t count_live(const Slot* slots, std::int32_t n) {
  return static_cast<std::int32_t>(
      std::count_if(slots, slots + n, [](const Slot& slot) { return slot.position != kEmpty; }));
}

}  // namespace

void BlockColumns::lay_out(Arena& arena, const AttentionPass& pass, const AttentionJob& job, int max_rows) {
  const std::int64_t n_kv_heads = pass.shape.n_kv_heads;
  room_ = aligned_columns(std::int64_t{job.state.n_slots()} + max_rows, 2 * kKeyPanel);
  head_dim_ = pass.shape.head_dim;
  value_stride_ = aligned_columns(head_dim_);
  keys_ = arena.take<float>(n_kv_heads * room_ * head_dim_);
  values_ = arena.take<float>(n_kv_heads * room_ * value_stride_);
  scratch_ = arena.take<float>(std::int64_t{pass.pool.size()} * 3 * head_dim_);
  lanes_.resize(static_cast<std::size_t>(job.state.lanes));
  for (Lane& lane : lanes_) lane = Lane::lay_out(arena, room_, max_rows);
}

void BlockColumns::load_state(const AttentionPass& pass, const AttentionJob& job) {
  const LayerState& state = job.state;
  const AttentionKernels& kernels = pass.kernels.attention;
  const int head_dim = static_cast<int>(head_dim_);
  std::int32_t most = 0;
  for (int l = 0; l < state.lanes; ++l) {
    Lane& of = lane(l);
    of.n_columns = slots_in_use(state, l);
    most = std::max(most, of.n_columns);
    of.n_live = count_live(state.lane(l), of.n_columns);
    for (std::int32_t s = 0; s < of.n_columns; ++s) {
      const Slot slot = state.lane(l)[s];
      slot.position == kEmpty ? of.clear(s) : of.put(s, slot, -1, job.pins);
    }
  }
  const std::int64_t n_panels = parts(most, kKeyPanel), row_bytes = stored_bytes(state.dtype, head_dim_);
  pass.pool.for_each(state.n_kv_heads * n_panels, [&](std::int64_t task, int) {
    const int kv_head = static_cast<int>(task / n_panels);
    const std::int64_t begin = task % n_panels * kKeyPanel;
    const auto n =
        static_cast<int>(std::min<std::int64_t>(kKeyPanel, lane(state.lane_of(kv_head)).n_columns - begin));
    if (n <= 0) return;
    const std::int64_t at = (std::int64_t{kv_head} * state.n_slots() + begin) * row_bytes;
    kernels.load_panel(state.dtype, state.k + at, n, head_dim, key(kv_head, begin));
    for (int i = 0; i < n; ++i) {
      float* numbers = value(kv_head, begin + i);
      kernels.load(state.dtype, state.v + at + i * row_bytes, head_dim, numbers);
      std::fill(numbers + head_dim_, numbers + value_stride_, 0.0f);
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
  if (pass.shape.window > 0) end_windows(pass.shape, job.first_position + first_row, n_rows);
  const std::int64_t n_parts = parts(n_rows, kRowsOfTask);
  pass.pool.for_each(job.state.n_kv_heads * n_parts, [&](std::int64_t task, int worker) {
    const int begin = static_cast<int>(task % n_parts) * kRowsOfTask;
    load_rows(pass, job, static_cast<int>(task / n_parts), first_row, begin,
              std::min(begin + kRowsOfTask, n_rows), scratch(worker));
  });
}

// A column is seen as long as its position lies in the window of the rows, of which the first is at
// `position`.
void BlockColumns::end_windows(const AttentionShape& shape, std::int32_t position, int n_rows) {
  for (const Lane& of : lanes_) {
    for (std::int32_t c = 0; c < of.n_columns + n_rows; ++c) {
      if (of.columns.alive[c] != 0)
        of.columns.last_row[c] = of.columns.position[c] - position + shape.window - 1;
    }
  }
}

// Rows [begin, end) of those added.
void BlockColumns::load_rows(const AttentionPass& pass, const AttentionJob& job, int kv_head, int first_row,
                             int begin, int end, float* scratch) const {
  const AttentionKernels& kernels = pass.kernels.attention;
  const DType type = job.state.dtype;
  const int n = static_cast<int>(head_dim_);
  std::byte* const stored_key = reinterpret_cast<std::byte*>(scratch + head_dim_);
  std::byte* const stored_value = reinterpret_cast<std::byte*>(scratch + 2 * head_dim_);
  for (int r = begin; r < end; ++r) {
    const std::int64_t row = job.first_row + first_row + r;
    const std::int64_t column = lane(job.state.lane_of(kv_head)).n_columns + r;
    kernels.store(type, pass.qkv.k.row(row) + kv_head * head_dim_, n, stored_key);
    kernels.store(type, pass.qkv.v.row(row) + kv_head * head_dim_, n, stored_value);
    kernels.load(type, stored_key, n, scratch);
    float* const numbers = key(kv_head, column);
    for (std::int64_t d = 0; d < head_dim_; ++d) numbers[d * kKeyPanel] = scratch[d];
    kernels.load(type, stored_value, n, value(kv_head, column));
    std::fill(value(kv_head, column) + head_dim_, value(kv_head, column) + value_stride_, 0.0f);
  }
}

void BlockColumns::assign_slots(const AttentionJob& job, int first_row, int n_rows) {
  const LayerState& state = job.state;
  for (int l = 0; l < state.lanes; ++l) {
    const Lane& of = lane(l);
    for (int r = 0; r < n_rows; ++r) {
      of.slot[r] = state.free_slot[l];
      state.lane(l)[of.slot[r]] = Slot{job.first_position + first_row + r, 0};
      const std::int32_t dropped = of.dropped[r];
      const std::int32_t victim =
          release(state, l, dropped < of.n_columns ? dropped : of.slot[dropped - of.n_columns]);
      if (job.victims != nullptr) job.victims[std::int64_t{l} * job.n_rows + first_row + r] = victim;
    }
  }
}

void BlockColumns::list_by_slot(int l, int begin_row, int end_row, SlotOrder& order) const {
  const Lane& of = lane(l);
  std::vector<std::int32_t>& columns = order.columns;
  std::vector<std::int32_t>& chunk_ends = order.chunk_ends;
  std::vector<std::int32_t>& rows = order.rows;
  rows.resize(static_cast<std::size_t>(end_row));
  std::iota(rows.begin(), rows.end(), 0);
  std::ranges::sort(rows, {}, [&](std::int32_t r) { return std::pair(of.slot[r], r); });
  const std::int32_t n_slots = std::max(of.n_columns, of.slot[rows.back()] + 1);
  columns.resize(static_cast<std::size_t>(n_slots + end_row + 1));
  chunk_ends.clear();
  std::int32_t n = 0;
  const auto add = [&](std::int32_t column, bool has_token) {
    columns[static_cast<std::size_t>(n)] = column;
    n += static_cast<int>(has_token) & static_cast<int>(of.columns.last_row[column] >= begin_row);
  };
  auto row = rows.begin();
  for (std::int32_t s = 0; s < n_slots; ++s) {
    add(s, of.columns.first_row[s] < 0);
    for (; row != rows.end() && of.slot[*row] == s; ++row) add(of.n_columns + *row, true);
    if ((s + 1) % kSlotChunk == 0 || s + 1 == n_slots) chunk_ends.push_back(n);
  }
}

// The state gets the numbers as they came: those of a column are rounded already, and a quantised type may
// make others of them.
void BlockColumns::commit(const AttentionPass& pass, const AttentionJob& job, int first_row, int n_rows) {
  const LayerState& state = job.state;
  const std::int64_t row_bytes = stored_bytes(state.dtype, head_dim_);
  pass.pool.for_each(2 * state.n_kv_heads, [&](std::int64_t task, int) {
    const int kv_head = static_cast<int>(task / 2);
    const bool keys = task % 2 == 0;
    const Tensor rows = keys ? pass.qkv.k : pass.qkv.v;
    std::byte* const stored = keys ? state.k : state.v;
    const auto move = keys ? &BlockColumns::move_key : &BlockColumns::move_value;
    const Lane& of = lane(state.lane_of(kv_head));
    for (int r = 0; r < n_rows; ++r) {  // in order: a row may take the column of the one before
      const std::int32_t from = of.n_columns + r, to = of.slot[r];
      if (of.columns.alive[from] == 0) continue;
      pass.kernels.attention.store(state.dtype, rows.row(job.first_row + first_row + r) + kv_head * head_dim_,
                                   static_cast<int>(head_dim_),
                                   stored + (std::int64_t{kv_head} * state.n_slots() + to) * row_bytes);
      if (to != from) (this->*move)(kv_head, from, to);
    }
  });
  for (int l = 0; l < state.lanes; ++l) {
    Lane& of = lane(l);
    for (std::int32_t r = 0; r < n_rows; ++r) {
      if (of.columns.alive[of.n_columns + r] != 0) of.copy(of.n_columns + r, of.slot[r]);
    }
    of.n_columns = slots_in_use(state, l);
    of.n_live = count_live(state.lane(l), of.n_columns);
    for (std::int32_t s = 0; s < of.n_columns; ++s) {
      if (state.lane(l)[s].position == kEmpty) of.clear(s);
    }
  }
}

void BlockColumns::move_key(int kv_head, std::int64_t from, std::int64_t to) const {
  const float* from_key = key(kv_head, from);
  float* to_key = key(kv_head, to);
  for (std::int64_t d = 0; d < head_dim_; ++d) to_key[d * kKeyPanel] = from_key[d * kKeyPanel];
}

void BlockColumns::move_value(int kv_head, std::int64_t from, std::int64_t to) const {
  std::copy_n(value(kv_head, from), head_dim_, value(kv_head, to));
}

void BlockColumns::store_scores(const AttentionJob& job) const {
  const LayerState& state = job.state;
  for (int l = 0; l < state.lanes; ++l) {
    Slot* slots = state.lane(l);
    for (std::int32_t s = 0; s < lane(l).n_columns; ++s) {
      if (slots[s].position != kEmpty) slots[s].score = lane(l).columns.score[s];
    }
  }
}

}  // namespace msrnn::cpu
