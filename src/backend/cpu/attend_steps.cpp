#include "backend/cpu/attend_steps.h"

#include <algorithm>
#include <cmath>

namespace msrnn::cpu {
namespace {

constexpr std::int32_t kChunk = 128;  // slots a task attends; a multiple of kColumnAlignment

constexpr std::int32_t chunks(std::int32_t slots) { return (slots + kChunk - 1) / kChunk; }

// The slots as columns of a sweep; returns how many are live.
std::int32_t load_slots(const Lane& lane, const Slot* slots, std::int32_t n, Pins pins) {
  const LaneColumns& columns = lane.columns;
  std::int32_t n_live = 0;
  for (std::int32_t s = 0; s < n; ++s) {
    columns.position[s] = slots[s].position;
    columns.score[s] = slots[s].score;
  }
  for (std::int32_t s = 0; s < n; ++s) {
    const bool live = columns.position[s] != kEmpty;
    columns.alive[s] = live ? 1.0f : 0.0f;
    columns.order[s] = live ? columns.position[s] : LaneColumns::kNoCandidate;
    n_live += live;
  }
  for (std::int32_t s = 0; s < n && pins.count > 0; ++s) {
    if (pins.contain(columns.position[s])) columns.order[s] = LaneColumns::kNoCandidate;
  }
  for (std::int64_t s = n; s < aligned_columns(n); ++s) lane.clear(s);
  return n_live;
}

}  // namespace

void StepAttention::lay_out(Arena& arena, Seat& seat, const AttentionShape& shape) {
  const LayerState& state = seat.job->state;
  const std::int64_t n_slots = state.n_slots();
  const std::int64_t n_parts = std::int64_t{shape.n_heads} * chunks(state.n_slots());
  seat.stride = aligned_columns(n_slots, 4 * kColumnAlignment);
  seat.q = arena.take<float>(shape.n_heads * shape.head_dim);
  seat.exponentials = arena.take<float>(shape.n_heads * seat.stride);
  seat.softmax = arena.take<RunningSoftmax>(n_parts);
  seat.sums = arena.take<float>(n_parts * shape.head_dim);
  seat.inverse_sums = arena.take<float>(shape.n_heads);
  if (seat.rotates()) {
    seat.rotated_keys = arena.take<float>(shape.n_kv_heads * n_slots * shape.head_dim);
    seat.by_age = arena.take<std::int32_t>(state.lanes * n_slots);
    seat.n_live = arena.take<std::int32_t>(state.lanes);
    seat.turns = arena.take<std::int32_t>(state.lanes * n_slots);
  }
  seat.lanes.resize(static_cast<std::size_t>(state.lanes));
  for (Lane& lane : seat.lanes) lane = Lane::lay_out(arena, n_slots, 1);
}

void StepAttention::run(const AttentionPass& pass, std::span<const AttentionJob* const> jobs) {
  if (jobs.empty()) return;
  if (seats_.size() < jobs.size()) seats_.resize(jobs.size());
  std::int32_t n_rows = 0;
  Arena wanted;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    seats_[i].job = jobs[i];
    lay_out(wanted, seats_[i], pass.shape);
    n_rows = std::max(n_rows, jobs[i]->n_rows);
    if (seats_[i].rotates()) {
      const std::int32_t gap = jobs[i]->positions == PositionMode::compressed ? kLargestCompressedGap : 1;
      table_.cover(jobs[i]->rope, gap * jobs[i]->state.capacity + 1);
    }
  }
  memory_.require(wanted.used());
  Arena arena(memory_.data());
  for (std::size_t i = 0; i < jobs.size(); ++i) lay_out(arena, seats_[i], pass.shape);
  for (std::size_t i = jobs.size(); i < seats_.size(); ++i) seats_[i].job = nullptr;
  for (std::int32_t row = 0; row < n_rows; ++row) step(pass, row);
}

// One row of every job that has it.
void StepAttention::step(const AttentionPass& pass, std::int32_t row) {
  const auto each_seat = [&](auto&& visit) {
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      Seat& seat = seats_[i];
      if (seat.job != nullptr && row < seat.job->n_rows) visit(static_cast<std::int32_t>(i), seat);
    }
  };
  const auto run_tasks = [&](auto&& body) {
    pass.pool.for_each(static_cast<std::int64_t>(tasks_.size()), [&](std::int64_t t, int) {
      const Task& task = tasks_[static_cast<std::size_t>(t)];
      body(seats_[static_cast<std::size_t>(task.seat)], task);
    });
  };

  tasks_.clear();
  each_seat([&](std::int32_t i, Seat& seat) {
    enter(pass, seat, row);
    for (int kv_head = 0; kv_head < pass.shape.n_kv_heads; ++kv_head) {
      for (int chunk = 0; chunk < seat.n_chunks; ++chunk) tasks_.push_back({i, kv_head, chunk});
    }
  });
  run_tasks([&](const Seat& seat, const Task& task) { attend(pass, seat, task.part, task.chunk, row); });

  tasks_.clear();
  each_seat([&](std::int32_t i, Seat& seat) {
    for (int lane = 0; lane < seat.job->state.lanes; ++lane) tasks_.push_back({i, lane, 0});
  });
  run_tasks([&](const Seat& seat, const Task& task) {
    const int heads = pass.shape.n_heads / seat.job->state.lanes;
    for (int head = task.part * heads; head < (task.part + 1) * heads; ++head) merge(pass, seat, head, row);
    evict(pass, seat, task.part, row);
  });
}

// The token takes the free slot of each lane.
void StepAttention::enter(const AttentionPass& pass, Seat& seat, std::int32_t row) {
  const LayerState& state = seat.job->state;
  seat.n_used = 0;
  for (int lane = 0; lane < state.lanes; ++lane) {
    Slot* slots = state.lane(lane);
    slots[state.free_slot[lane]] = Slot{seat.job->first_position + row, 0};
    std::int32_t n = state.n_slots();
    while (slots[n - 1].position == kEmpty) --n;
    seat.n_used = std::max(seat.n_used, n);
    if (seat.rotates()) find_turns(seat, lane, row);
  }
  seat.n_chunks = chunks(seat.n_used);

  const AttentionShape& shape = pass.shape;
  const float* q = pass.qkv.q.row(seat.job->first_row + row);
  for (int i = 0; i < shape.n_heads * shape.head_dim; ++i) seat.q[i] = q[i] * shape.scale;
  if (!seat.rotates()) return;
  for (int head = 0; head < shape.n_heads; ++head) {
    const int lane = state.lane_of(head / shape.group());
    const std::int32_t newest = state.free_slot[lane];
    table_.rotate(pass.kernels.matmul, seat.job->rope.pairs, seat.q + std::int64_t{head} * shape.head_dim,
                  seat.turns[std::int64_t{lane} * state.n_slots() + newest]);
  }
}

// Where the live slots of a lane stand: their rank, or the sum of compressed gaps. The order by age is found
// once and follows the evictions from then on.
void StepAttention::find_turns(Seat& seat, int lane, std::int32_t row) {
  const LayerState& state = seat.job->state;
  const Slot* slots = state.lane(lane);
  std::int32_t* by_age = seat.by_age + std::int64_t{lane} * state.n_slots();
  std::int32_t& n_live = seat.n_live[lane];
  if (row == 0) {
    n_live = 0;
    for (std::int32_t s = 0; s < state.n_slots(); ++s) {
      if (slots[s].position != kEmpty) by_age[n_live++] = s;
    }
    std::sort(by_age, by_age + n_live,
              [&](std::int32_t a, std::int32_t b) { return slots[a].position < slots[b].position; });
  } else {
    by_age[n_live++] = state.free_slot[lane];
  }
  std::int32_t* turns = seat.turns + std::int64_t{lane} * state.n_slots();
  turns[by_age[0]] = 0;
  for (std::int32_t i = 1; i < n_live; ++i) {
    const std::int32_t gap = slots[by_age[i]].position - slots[by_age[i - 1]].position;
    turns[by_age[i]] =
        turns[by_age[i - 1]] + (seat.job->positions == PositionMode::compressed ? compressed_gap(gap) : 1);
  }
}

// The keys of slots [begin, end) at their present places, among those of all slots of the KV head.
const float* StepAttention::rotate_keys(const AttentionPass& pass, const Seat& seat, int kv_head,
                                        const std::byte* keys, std::int32_t begin, std::int32_t end) const {
  const LayerState& state = seat.job->state;
  const int lane = state.lane_of(kv_head), head_dim = pass.shape.head_dim;
  const std::int64_t row_bytes = stored_bytes(state.dtype, head_dim);
  const std::int32_t* turns = seat.turns + std::int64_t{lane} * state.n_slots();
  float* rotated = seat.rotated_keys + std::int64_t{kv_head} * state.n_slots() * head_dim;
  for (std::int32_t s = begin; s < end; ++s) {
    float* key = rotated + std::int64_t{s} * head_dim;
    pass.kernels.attention.load(state.dtype, keys + s * row_bytes, head_dim, key);
    if (state.lane(lane)[s].position == kEmpty) continue;
    table_.rotate(pass.kernels.matmul, seat.job->rope.pairs, key, turns[s]);
  }
  return rotated;
}

// One KV head's part of a step: a chunk of slots. The chunk that has the free slot writes the token first.
void StepAttention::attend(const AttentionPass& pass, const Seat& seat, int kv_head, int chunk,
                           std::int32_t row) {
  const AttentionShape& shape = pass.shape;
  const AttentionKernels& kernels = pass.kernels.attention;
  const LayerState& state = seat.job->state;
  const int lane = state.lane_of(kv_head);
  const int head_dim = shape.head_dim, group = shape.group();
  const std::int32_t begin = chunk * kChunk, end = std::min(begin + kChunk, seat.n_used);
  const std::int64_t row_bytes = stored_bytes(state.dtype, head_dim);
  std::byte* keys = state.k + kv_head * state.n_slots() * row_bytes;
  std::byte* values = state.v + kv_head * state.n_slots() * row_bytes;

  const std::int32_t entered = state.free_slot[lane];
  if (entered >= begin && entered < end) {
    const Tensor& k = pass.qkv.k;
    const std::int64_t at = (seat.job->first_row + row) * k.cols + std::int64_t{kv_head} * head_dim;
    kernels.store(state.dtype, k.data + at, head_dim, keys + entered * row_bytes);
    kernels.store(state.dtype, pass.qkv.v.data + at, head_dim, values + entered * row_bytes);
  }

  SlotChunk args{};
  args.q = seat.q + std::int64_t{kv_head} * group * head_dim;
  args.keys = keys;
  args.key_type = args.value_type = state.dtype;
  args.values = values;
  args.slots = state.lane(lane);
  if (seat.rotates()) {
    args.keys = reinterpret_cast<const std::byte*>(rotate_keys(pass, seat, kv_head, keys, begin, end));
    args.key_type = DType::f32;
  }
  const std::int64_t part = (std::int64_t{kv_head} * seat.n_chunks + chunk) * group;
  args.group = group;
  args.head_dim = head_dim;
  args.begin = begin;
  args.end = end;
  args.exponentials = seat.exponentials + kv_head * group * seat.stride;
  args.exponentials_stride = seat.stride;
  args.softmax = seat.softmax + part;
  args.sums = seat.sums + part * head_dim;
  kernels.attend_slots(args);
}

// The chunks of one head together: its output, and exponentials under the largest score of all.
void StepAttention::merge(const AttentionPass& pass, const Seat& seat, int head, std::int32_t row) {
  const int group = pass.shape.group(), head_dim = pass.shape.head_dim;
  const int kv_head = head / group;
  const auto part = [&](int chunk) {
    return (std::int64_t{kv_head} * seat.n_chunks + chunk) * group + head % group;
  };
  float largest = RunningSoftmax::kNothing;
  for (int c = 0; c < seat.n_chunks; ++c) largest = std::max(largest, seat.softmax[part(c)].largest);

  float* out = pass.out.row(seat.job->first_row + row) + std::int64_t{head} * head_dim;
  std::fill_n(out, head_dim, 0.0f);
  float* exponentials = seat.exponentials + head * seat.stride;
  float sum = 0;
  for (int c = 0; c < seat.n_chunks; ++c) {
    const RunningSoftmax& chunk = seat.softmax[part(c)];
    const float factor = std::exp(chunk.largest - largest);
    const float* sums = seat.sums + part(c) * head_dim;
    for (int d = 0; d < head_dim; ++d) out[d] += factor * sums[d];
    sum += factor * chunk.sum;
    pass.kernels.attention.scale(exponentials + std::int64_t{c} * kChunk,
                                 aligned_columns(std::min(kChunk, seat.n_used - c * kChunk)), factor);
  }
  pass.kernels.attention.scale(out, head_dim, 1 / sum);
}

// The lane's scores take in what was looked at, and one token goes.
void StepAttention::evict(const AttentionPass& pass, const Seat& seat, int lane_index, std::int32_t row) {
  const AttentionJob& job = *seat.job;
  const LayerState& state = job.state;
  const Lane& lane = seat.lanes[static_cast<std::size_t>(lane_index)];
  Slot* slots = state.lane(lane_index);
  const int n_kv_heads = pass.shape.n_kv_heads / state.lanes;
  const std::int32_t n_live = load_slots(lane, slots, seat.n_used, job.pins) - 1;

  SweepArgs args{};
  args.columns = lane.columns;
  args.new_column = state.free_slot[lane_index];
  args.n_columns = seat.n_used;
  args.end_row = 1;
  args.first_position = job.first_position + row;
  args.n_live = n_live;
  args.capacity = state.capacity;
  args.kv_stride = pass.shape.group() * seat.stride;
  args.exponentials = seat.exponentials + lane_index * n_kv_heads * args.kv_stride;
  args.stride = seat.stride;
  args.n_kv_heads = n_kv_heads;
  args.group = pass.shape.group();
  args.inverse_sums = seat.inverse_sums + lane_index * n_kv_heads * args.group;
  args.mass = lane.mass;
  args.worth = lane.worth;
  args.dropped = lane.dropped;
  run_sweep(pass.kernels.attention, job.policy, args);

  for (std::int32_t s = 0; s < seat.n_used; ++s) slots[s].score = lane.columns.score[s];
  const std::int32_t dropped = lane.dropped[0];
  std::int32_t& free_slot = state.free_slot[lane_index];
  std::int32_t victim = kEmpty;
  if (dropped >= 0) {
    victim = slots[dropped].position;
    slots[dropped] = Slot{};
    free_slot = dropped;
  } else {
    free_slot = 0;
    while (slots[free_slot].position != kEmpty) ++free_slot;
  }
  if (job.victims != nullptr) job.victims[std::int64_t{lane_index} * job.n_rows + row] = victim;
  if (seat.rotates() && dropped >= 0) {
    std::int32_t* by_age = seat.by_age + std::int64_t{lane_index} * state.n_slots();
    std::int32_t& n_by_age = seat.n_live[lane_index];
    n_by_age = static_cast<std::int32_t>(std::remove(by_age, by_age + n_by_age, dropped) - by_age);
  }
}

}  // namespace msrnn::cpu
