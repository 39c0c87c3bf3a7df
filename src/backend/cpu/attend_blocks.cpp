#include "backend/cpu/attend_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/parts.h"

namespace msrnn::cpu {
namespace {

constexpr int kSubBlock = 32;      // rows whose exponentials are kept at once: they fit a second-level cache
constexpr int kTileRows = 8;       // rows of a task
constexpr int kTileColumns = 256;  // columns at a time where scores are not kept; whole key panels

static_assert(kTileColumns % kKeyPanel == 0);
static_assert(kSubBlock % kTileRows == 0);

constexpr auto kInOrder = [] {
  std::array<std::int32_t, kTileColumns> order{};
  std::iota(order.begin(), order.end(), 0);
  return order;
}();

}  // namespace

void BlockAttention::lay_out(Arena& arena, const AttentionPass& pass, const AttentionJob& job) {
  const AttentionShape& shape = pass.shape;
  const std::int64_t n_heads = shape.n_heads, tile = std::int64_t{kTileRows} * shape.group();
  const std::int64_t workers = pass.pool.size();
  head_dim_ = shape.head_dim;
  columns_.lay_out(arena, pass, job, kSubBlock);
  queries_ = arena.take<float>(kSubBlock * n_heads * head_dim_);
  sums_ = arena.take<float>(workers * tile * columns_.value_stride());
  running_ = arena.take<RunningSoftmax>(workers * tile);
  softmax_ = arena.take<RowSoftmax>(kSubBlock * n_heads);
  inverse_sums_ = arena.take<float>(kSubBlock * n_heads);
  const bool kept = observes(job.policy);
  // Never fewer, for they own memory.
  orders_.resize(std::max(orders_.size(), static_cast<std::size_t>(job.state.lanes * kSubBlock / kTileRows)));
  exponentials_ = arena.take<float>(kept ? kSubBlock * n_heads * columns_.room() : 0);
  tile_scores_ = arena.take<float>(kept ? 0 : workers * tile * kTileColumns);
}

void BlockAttention::run(const AttentionPass& pass, const AttentionJob& job) {
  Arena wanted;
  lay_out(wanted, pass, job);
  memory_.require(wanted.used());
  Arena arena(memory_.data());
  lay_out(arena, pass, job);

  columns_.load_state(pass, job);
  for (first_row_ = 0; first_row_ < job.n_rows; first_row_ += kSubBlock) {
    n_rows_ = std::min(kSubBlock, job.n_rows - first_row_);
    run_rows(pass, job);
  }
  columns_.store_scores(job);
}

void BlockAttention::run_rows(const AttentionPass& pass, const AttentionJob& job) {
  const bool kept = observes(job.policy);
  columns_.add_rows(pass, job, first_row_, n_rows_);
  const int n_kv_heads = pass.shape.n_kv_heads;
  if (kept) for_each_tile(pass, n_kv_heads, [&](Tile tile) { score(pass, job, tile); });
  evict(pass, job);
  if (kept) order_columns(pass, job);
  for_each_tile(pass, n_kv_heads,
                [&](Tile tile) { kept ? weigh(pass, job, tile) : attend(pass, job, tile); });
  columns_.commit(pass, job, first_row_, n_rows_);
}

void BlockAttention::evict(const AttentionPass& pass, const AttentionJob& job) {
  const StageClock::Scope scope(pass.clock, Stage::sweep);
  pass.pool.for_each(job.state.lanes,
                     [&](std::int64_t lane, int) { sweep(pass, job, static_cast<int>(lane)); });
  columns_.assign_slots(job, first_row_, n_rows_);
}

// KV heads of a lane share the columns of a tile and their order.
void BlockAttention::order_columns(const AttentionPass& pass, const AttentionJob& job) {
  for_each_tile(pass, job.state.lanes, [&](Tile tile) {
    columns_.list_by_slot(tile.part, tile.begin_row, tile.end_row, order(tile.part, tile.begin_row));
  });
}

SlotOrder& BlockAttention::order(int lane, int begin_row) {
  return orders_[static_cast<std::size_t>((lane * kSubBlock + begin_row) / kTileRows)];
}

template <class Body>
void BlockAttention::for_each_tile(const AttentionPass& pass, int n_parts, Body body) {
  const std::int64_t n_tiles = parts(n_rows_, kTileRows);
  pass.pool.for_each(n_parts * n_tiles, [&](std::int64_t task, int worker) {
    const int begin = static_cast<int>(task % n_tiles) * kTileRows;
    body(Tile{static_cast<int>(task / n_tiles), begin, std::min(begin + kTileRows, n_rows_), worker});
  });
}

float* BlockAttention::query(std::int64_t group, int kv_head, int row) const {
  return queries_ + (std::int64_t{kv_head} * kSubBlock + row) * group * head_dim_;
}

float* BlockAttention::exponentials(std::int64_t group, int kv_head, int row) const {
  return exponentials_ + (std::int64_t{kv_head} * kSubBlock + row) * group * columns_.room();
}

void BlockAttention::load_queries(const AttentionPass& pass, const AttentionJob& job, Tile tile) {
  const std::int64_t group = pass.shape.group(), n = group * head_dim_;
  for (int r = tile.begin_row; r < tile.end_row; ++r) {
    const float* q = pass.qkv.q.row(job.first_row + first_row_ + r) + tile.part * n;
    float* scaled = query(group, tile.part, r);
    for (std::int64_t i = 0; i < n; ++i) scaled[i] = q[i] * pass.shape.scale;
  }
}

// scores[row][group][n] of rows of a KV head with columns [first, first + n), which are whole key panels.
void BlockAttention::multiply_keys(const AttentionPass& pass, int kv_head, int row, int n_rows,
                                   std::int64_t first, std::int64_t n, float* scores,
                                   std::int64_t stride) const {
  const int group = pass.shape.group();
  for (std::int64_t c = 0; c < n; c += kKeyPanel) {
    pass.kernels.attention.multiply({query(group, kv_head, row), head_dim_, columns_.key(kv_head, first + c),
                                     kKeyPanel, scores + c, stride, n_rows * group, kKeyPanel,
                                     static_cast<int>(head_dim_), nullptr});
  }
  for (int i = 0; i < n_rows * group && pass.shape.soft_cap > 0; ++i) {
    pass.kernels.attention.soft_cap(scores + i * stride, n, pass.shape.soft_cap);
  }
}

// The exponentials of a tile, as if nothing were dropped in this sub-block.
void BlockAttention::score(const AttentionPass& pass, const AttentionJob& job, Tile tile) {
  load_queries(pass, job, tile);
  score_rows(pass, job, tile.part, tile.begin_row, tile.end_row);
}

// The exponentials of rows over the columns still alive.
void BlockAttention::score_rows(const AttentionPass& pass, const AttentionJob& job, int kv_head,
                                int begin_row, int end_row) {
  const AttentionKernels& kernels = pass.kernels.attention;
  const int group = pass.shape.group();
  const Lane& lane = columns_.lane(job.state.lane_of(kv_head));
  const auto n = static_cast<int>(aligned_columns(lane.n_columns + end_row, kKeyPanel));
  multiply_keys(pass, kv_head, begin_row, end_row - begin_row, 0, n, exponentials(group, kv_head, begin_row),
                columns_.room());
  for (int r = begin_row; r < end_row; ++r) {
    RowSoftmax* softmax = softmax_ + std::int64_t{r} * pass.shape.n_heads + kv_head * group;
    for (int g = 0; g < group; ++g) {
      float* scores = exponentials(group, kv_head, r) + g * columns_.room();
      const float largest = kernels.hide({scores, n, lane.columns.first_row, lane.columns.last_row, r});
      const int column = kernels.find(scores, n, largest);
      softmax[g].largest_column = column < n ? column : lane.n_columns + r;
      softmax[g].sum = kernels.exponentiate(scores, n, largest);
    }
  }
}

void BlockAttention::sweep(const AttentionPass& pass, const AttentionJob& job, int lane_index) {
  const Lane& lane = columns_.lane(lane_index);
  const int group = pass.shape.group(), n_kv_heads = pass.shape.n_kv_heads / job.state.lanes;
  SweepArgs args{};
  args.columns = lane.columns;
  args.new_column = lane.n_columns;
  args.n_columns = lane.n_columns + 1;
  args.end_row = n_rows_;
  args.first_position = job.first_position + first_row_;
  args.n_live = lane.n_live;
  args.capacity = job.state.capacity;
  args.exponentials = exponentials(group, lane_index * n_kv_heads, 0);
  args.kv_stride = std::int64_t{kSubBlock} * group * columns_.room();
  args.stride = columns_.room();
  args.n_kv_heads = n_kv_heads;
  args.group = group;
  args.softmax = softmax_ + std::int64_t{lane_index} * n_kv_heads * group;
  args.inverse_sums = inverse_sums_ + std::int64_t{lane_index} * n_kv_heads * group;
  args.head_stride = pass.shape.n_heads;
  args.mass = lane.mass;
  args.worth = lane.worth;
  args.dropped = lane.dropped;
  while ((args.begin_row = run_sweep(pass.kernels.attention, job.policy, args)) < n_rows_) {
    for (int v = lane_index * n_kv_heads; v < (lane_index + 1) * n_kv_heads; ++v) {
      score_rows(pass, job, v, args.begin_row, args.begin_row + 1);
    }
  }
}

// sums[row][group][value stride] of a tile, each times factor(row, head).
template <class Factor>
void BlockAttention::write_out(const AttentionPass& pass, const AttentionJob& job, Tile tile,
                               const float* sums, Factor factor) const {
  const int group = pass.shape.group();
  for (int r = tile.begin_row; r < tile.end_row; ++r) {
    float* out = pass.out.row(job.first_row + first_row_ + r) + tile.part * group * head_dim_;
    for (int g = 0; g < group; ++g, out += head_dim_, sums += columns_.value_stride()) {
      std::copy_n(sums, head_dim_, out);
      pass.kernels.attention.scale(out, head_dim_, factor(r, tile.part * group + g));
    }
  }
}

// What a tile's rows saw, weighted; columns dropped by rows of the tile are taken out of the exponentials
// after these.
void BlockAttention::weigh(const AttentionPass& pass, const AttentionJob& job, Tile tile) {
  const int group = pass.shape.group(), m = (tile.end_row - tile.begin_row) * group;
  const Lane& lane = columns_.lane(job.state.lane_of(tile.part));
  float* const e = exponentials(group, tile.part, tile.begin_row);
  for (int r = tile.begin_row; r + 1 < tile.end_row; ++r) {
    if (lane.dropped[r] < 0) continue;
    for (int i = (r + 1 - tile.begin_row) * group; i < m; ++i) e[i * columns_.room() + lane.dropped[r]] = 0;
  }
  const std::int64_t stride = columns_.value_stride();
  float* const sums = sums_ + std::int64_t{tile.worker} * kTileRows * group * stride;
  std::fill_n(sums, m * stride, 0.0f);
  const SlotOrder& by_slot = order(job.state.lane_of(tile.part), tile.begin_row);
  std::int32_t begin = 0;
  for (const std::int32_t end : by_slot.chunk_ends) {
    pass.kernels.attention.multiply_add({e, columns_.room(), columns_.value(tile.part, 0), stride, sums,
                                         stride, m, static_cast<int>(stride), end - begin,
                                         by_slot.columns.data() + begin});
    begin = end;
  }
  write_out(pass, job, tile, sums,
            [&](int row, int head) { return inverse_sums_[std::int64_t{row} * pass.shape.n_heads + head]; });
}

void BlockAttention::attend(const AttentionPass& pass, const AttentionJob& job, Tile tile) {
  load_queries(pass, job, tile);
  const AttentionKernels& kernels = pass.kernels.attention;
  const int group = pass.shape.group(), m = (tile.end_row - tile.begin_row) * group;
  const std::int64_t stride = columns_.value_stride();
  const Lane& lane = columns_.lane(job.state.lane_of(tile.part));
  const std::int64_t of_worker = std::int64_t{tile.worker} * kTileRows * group;
  float* const sums = sums_ + of_worker * stride;
  float* const scores = tile_scores_ + of_worker * kTileColumns;
  RunningSoftmax* const running = running_ + of_worker;
  std::fill_n(sums, m * stride, 0.0f);
  std::fill_n(running, m, RunningSoftmax{});

  const std::int64_t n_columns = lane.n_columns + tile.end_row;
  for (std::int64_t c = 0; c < n_columns; c += kTileColumns) {
    const auto n_seen = static_cast<int>(std::min<std::int64_t>(kTileColumns, n_columns - c));
    const auto n = static_cast<int>(aligned_columns(n_seen, kKeyPanel));
    multiply_keys(pass, tile.part, tile.begin_row, tile.end_row - tile.begin_row, c, n, scores, kTileColumns);
    for (int i = 0; i < m; ++i) {
      const float found = kernels.hide({scores + i * kTileColumns, n, lane.columns.first_row + c,
                                        lane.columns.last_row + c, tile.begin_row + i / group});
      const float before = running[i].largest, factor = std::exp(before - std::max(before, found));
      running[i].largest = std::max(before, found);
      const std::int64_t units = kernels.exponentiate(scores + i * kTileColumns, n, running[i].largest);
      running[i].sum = running[i].sum * factor + static_cast<float>(units) * kSoftmaxUnit;
      if (factor != 1) kernels.scale(sums + i * stride, stride, factor);
    }
    kernels.multiply_add({scores, kTileColumns, columns_.value(tile.part, c), stride, sums, stride, m,
                          static_cast<int>(stride), n_seen, kInOrder.data()});
  }
  write_out(pass, job, tile, sums, [&](int row, int head) {
    return 1 / running[(row - tile.begin_row) * group + head % group].sum;
  });
}

}  // namespace msrnn::cpu
