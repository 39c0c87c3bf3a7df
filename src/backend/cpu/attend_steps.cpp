#include "backend/cpu/attend_steps.h"

#include <algorithm>
#include <cmath>

#include "base/parts.h"

namespace msrnn::cpu {
namespace {

// Seats for each thread that are enough to give every thread the same work.
constexpr std::int64_t kManySeats = 4;

// Scratch of a worker for SlotChunk::panel.
constexpr std::int64_t panel_bytes(const AttentionShape& shape) {
  return parts(shape.head_dim, kPanelRows) * kPanelRows * kPanelRowBytes;
}

constexpr std::int32_t chunks(std::int32_t slots) {
  return static_cast<std::int32_t>(parts(slots, kSlotChunk));
}

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
  seat.largest = arena.take<float>(n_parts);
  seat.units = arena.take<std::int64_t>(n_parts);
  seat.sums = arena.take<float>(n_parts * shape.head_dim);
  seat.softmax = arena.take<RowSoftmax>(shape.n_heads);
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

void StepAttention::lay_out_all(Arena& arena, const AttentionPass& pass, std::size_t n_jobs) {
  for (std::size_t i = 0; i < n_jobs; ++i) lay_out(arena, seats_[i], pass.shape);
  panels_ = arena.take<std::byte>(pass.pool.size() * panel_bytes(pass.shape));
}

void StepAttention::run(const AttentionPass& pass, std::span<const AttentionJob* const> jobs) {
  if (jobs.empty()) return;
  if (seats_.size() < jobs.size()) seats_.resize(jobs.size());
  std::int32_t n_rows = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    seats_[i].job = jobs[i];
    n_rows = std::max(n_rows, jobs[i]->n_rows);
    if (seats_[i].rotates()) {
      const std::int32_t gap = jobs[i]->positions == PositionMode::compressed ? kLargestCompressedGap : 1;
      table_.cover(jobs[i]->rope, gap * jobs[i]->state.capacity + 1);
    }
  }
  Arena wanted;
  lay_out_all(wanted, pass, jobs.size());
  memory_.require(wanted.used());
  Arena arena(memory_.data());
  lay_out_all(arena, pass, jobs.size());
  for (std::size_t i = jobs.size(); i < seats_.size(); ++i) seats_[i].job = nullptr;
  for (std::int32_t row = 0; row < n_rows; ++row) step(pass, row);
}

bool StepAttention::steps_alone(const AttentionPass& pass) const {
  return std::ssize(stepping_) >= kManySeats * pass.pool.size();
}

// One row of every job that has it. Of many jobs each is a task: what a step reads and writes stays with one
// thread, and none waits. Of few, every thread takes some chunks.
void StepAttention::step(const AttentionPass& pass, std::int32_t row) {
  stepping_.clear();
  for (Seat& seat : seats_) {
    if (seat.job != nullptr && row < seat.job->n_rows) stepping_.push_back(&seat);
  }
  if (!steps_alone(pass)) return step_together(pass, row);
  pass.pool.for_each(std::ssize(stepping_), [&](std::int64_t i, int worker) {
    step_alone(pass, *stepping_[static_cast<std::size_t>(i)], worker, row);
  });
}

void StepAttention::step_alone(const AttentionPass& pass, Seat& seat, int worker, std::int32_t row) {
  enter(pass, seat, row);
  for (int kv_head = 0; kv_head < pass.shape.n_kv_heads; ++kv_head) {
    for (int chunk = 0; chunk < seat.n_chunks; ++chunk) score(pass, {&seat, kv_head, chunk}, worker, row);
    for (int chunk = 0; chunk < seat.n_chunks; ++chunk) weigh(pass, {&seat, kv_head, chunk});
  }
  for (int lane = 0; lane < seat.job->state.lanes; ++lane) leave(pass, seat, lane, row);
}

void StepAttention::step_together(const AttentionPass& pass, std::int32_t row) {
  const auto run_tasks = [&](auto&& body) {
    pass.pool.for_each(std::ssize(tasks_), [&](std::int64_t t, int worker) {
      body(tasks_[static_cast<std::size_t>(t)], worker);
    });
  };
  tasks_.clear();
  for (Seat* seat : stepping_) {
    enter(pass, *seat, row);
    for (int kv_head = 0; kv_head < pass.shape.n_kv_heads; ++kv_head) {
      for (int chunk = 0; chunk < seat->n_chunks; ++chunk) tasks_.push_back({seat, kv_head, chunk});
    }
  }
  run_tasks([&](const Task& task, int worker) { score(pass, task, worker, row); });
  run_tasks([&](const Task& task, int) { weigh(pass, task); });

  tasks_.clear();
  for (Seat* seat : stepping_) {
    for (int lane = 0; lane < seat->job->state.lanes; ++lane) tasks_.push_back({seat, lane, 0});
  }
  run_tasks([&](const Task& task, int) { leave(pass, *task.seat, task.part, row); });
}

// The token takes the free slot of each lane.
void StepAttention::enter(const AttentionPass& pass, Seat& seat, std::int32_t row) const {
  const LayerState& state = seat.job->state;
  seat.n_used = 0;
  for (int lane = 0; lane < state.lanes; ++lane) {
    Slot* slots = state.lane(lane);
    slots[state.free_slot[lane]] = Slot{seat.job->first_position + row, 0};
    seat.n_used = std::max(seat.n_used, used_slots(state, lane));
    if (seat.rotates()) find_turns(seat, lane, row);
  }
  seat.n_chunks = chunks(seat.n_used);

  const AttentionShape& shape = pass.shape;
  seat.first_position = first_seen(shape, seat.job->first_position + row);
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
void StepAttention::find_turns(Seat& seat, int lane, std::int32_t row) const {
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

SlotChunk StepAttention::chunk_of(const AttentionPass& pass, const Task& task) const {
  const Seat& seat = *task.seat;
  const LayerState& state = seat.job->state;
  const int head_dim = pass.shape.head_dim, group = pass.shape.group();
  const std::int64_t bytes = state.n_slots() * stored_bytes(state.dtype, head_dim), at = task.part * bytes;
  SlotChunk chunk{};
  chunk.q = seat.q + std::int64_t{task.part} * group * head_dim;
  chunk.keys = state.k + at;
  chunk.key_type = chunk.value_type = state.dtype;
  chunk.values = state.v + at;
  chunk.slots = state.lane(state.lane_of(task.part));
  chunk.first_position = seat.first_position;
  chunk.soft_cap = pass.shape.soft_cap;
  chunk.group = group;
  chunk.head_dim = head_dim;
  chunk.begin = task.chunk * kSlotChunk;
  chunk.end = std::min(chunk.begin + kSlotChunk, seat.n_used);
  // Where all slots are used, the rows after them are those of the next KV head.
  chunk.ahead_end = seat.n_used + (seat.n_used == state.n_slots() ? kSlotChunk : 0);
  const std::int64_t next = (task.part + 1) % pass.shape.n_kv_heads * bytes;
  const bool alone = steps_alone(pass);
  chunk.after_keys = alone ? chunk.values : state.k + next;
  chunk.after_values = (alone ? state.k : state.v) + next;
  chunk.exponentials = seat.exponentials + task.part * group * seat.stride;
  chunk.exponentials_stride = seat.stride;
  return chunk;
}

// The scores of a chunk of slots. The chunk that has the free slot writes the token first.
void StepAttention::score(const AttentionPass& pass, const Task& task, int worker, std::int32_t row) const {
  const Seat& seat = *task.seat;
  const AttentionKernels& kernels = pass.kernels.attention;
  const LayerState& state = seat.job->state;
  const int head_dim = pass.shape.head_dim, kv_head = task.part;
  SlotChunk chunk = chunk_of(pass, task);
  const std::int32_t entered = state.free_slot[state.lane_of(kv_head)];
  if (entered >= chunk.begin && entered < chunk.end) {
    const std::int64_t from =
        (seat.job->first_row + row) * pass.qkv.k.cols + std::int64_t{kv_head} * head_dim;
    const std::int64_t to =
        (std::int64_t{kv_head} * state.n_slots() + entered) * stored_bytes(state.dtype, head_dim);
    kernels.store(state.dtype, pass.qkv.k.data + from, head_dim, state.k + to);
    kernels.store(state.dtype, pass.qkv.v.data + from, head_dim, state.v + to);
  }
  if (seat.rotates()) {
    chunk.keys = reinterpret_cast<const std::byte*>(
        rotate_keys(pass, seat, kv_head, chunk.keys, chunk.begin, chunk.end));
    chunk.key_type = DType::f32;
  }
  chunk.panel = panels_ + worker * panel_bytes(pass.shape);
  kernels.score_slots(chunk, seat.largest + seat.part(task.part, task.chunk) * pass.shape.group());
}

// The exponentials of a chunk of slots under the largest score of all, and what they weigh of the values.
void StepAttention::weigh(const AttentionPass& pass, const Task& task) const {
  const Seat& seat = *task.seat;
  const AttentionKernels& kernels = pass.kernels.attention;
  const SlotChunk chunk = chunk_of(pass, task);
  const std::int64_t part = seat.part(task.part, task.chunk) * chunk.group;
  const auto n = static_cast<int>(aligned_columns(chunk.end - chunk.begin));
  for (int g = 0; g < chunk.group; ++g) {
    float largest = kNoScore;
    for (int c = 0; c < seat.n_chunks; ++c) {
      largest = std::max(largest, seat.largest[seat.part(task.part, c) * chunk.group + g]);
    }
    float* scores = chunk.exponentials + g * seat.stride + chunk.begin;
    seat.units[part + g] = kernels.exponentiate(scores, n, largest);
  }
  kernels.weigh_slots(chunk, seat.sums + part * chunk.head_dim);
}

// What a lane's heads found is put together, and one of its tokens goes.
void StepAttention::leave(const AttentionPass& pass, const Seat& seat, int lane, std::int32_t row) const {
  const int heads = pass.shape.n_heads / seat.job->state.lanes;
  for (int head = lane * heads; head < (lane + 1) * heads; ++head) merge(pass, seat, head, row);
  evict(pass, seat, lane, row);
}

// The chunks of one head together.
void StepAttention::merge(const AttentionPass& pass, const Seat& seat, int head, std::int32_t row) const {
  const int group = pass.shape.group(), head_dim = pass.shape.head_dim;
  float* out = pass.out.row(seat.job->first_row + row) + std::int64_t{head} * head_dim;
  std::fill_n(out, head_dim, 0.0f);
  std::int64_t units = 0;
  for (int c = 0; c < seat.n_chunks; ++c) {
    const std::int64_t part = seat.part(head / group, c) * group + head % group;
    const float* sums = seat.sums + part * head_dim;
    for (int d = 0; d < head_dim; ++d) out[d] += sums[d];
    units += seat.units[part];
  }
  const std::int32_t newest = seat.job->state.free_slot[seat.job->state.lane_of(head / group)];
  seat.softmax[head] = {units, newest};
  pass.kernels.attention.scale(out, head_dim, 1 / (static_cast<float>(units) * kSoftmaxUnit));
}

// The lane's scores take in what was looked at, and one token goes.
void StepAttention::evict(const AttentionPass& pass, const Seat& seat, int lane_index,
                          std::int32_t row) const {
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
  args.softmax = seat.softmax + lane_index * n_kv_heads * args.group;
  args.inverse_sums = seat.inverse_sums + lane_index * n_kv_heads * args.group;
  args.mass = lane.mass;
  args.worth = lane.worth;
  args.dropped = lane.dropped;
  run_sweep(pass.kernels.attention, job.policy, args);

  for (std::int32_t s = 0; s < seat.n_used; ++s) slots[s].score = lane.columns.score[s];
  const std::int32_t dropped = lane.dropped[0];
  const std::int32_t victim = release(state, lane_index, dropped);
  if (job.victims != nullptr) job.victims[std::int64_t{lane_index} * job.n_rows + row] = victim;
  if (seat.rotates() && dropped >= 0) {
    std::int32_t* by_age = seat.by_age + std::int64_t{lane_index} * state.n_slots();
    std::int32_t& n_by_age = seat.n_live[lane_index];
    n_by_age = static_cast<std::int32_t>(std::remove(by_age, by_age + n_by_age, dropped) - by_age);
  }
}

}  // namespace msrnn::cpu
