#include "backend/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/matmul.h"
#include "backend/reference/stored_row.h"
#include "policy/live_slots.h"
#include "policy/sweep.h"

namespace msrnn {
namespace {

// Keys or values of one KV head as float: [n_slots][head_dim].
std::vector<float> load_head(const LayerState& state, const std::byte* kv, int kv_head) {
  const std::int64_t n = static_cast<std::int64_t>(state.n_slots()) * state.head_dim;
  std::vector<float> values(static_cast<std::size_t>(n));
  dequantise(state.dtype, kv + kv_head * stored_bytes(state.dtype, n), n, values.data());
  return values;
}

// Where each of the live slots stands for the rotary embedding.
std::vector<std::int32_t> rotary_positions(PositionMode mode, const Slot* slots,
                                           const std::vector<std::int32_t>& live) {
  std::vector<std::int32_t> positions(live.size(), 0);
  for (std::size_t i = 1; i < live.size(); ++i) {
    const std::int32_t gap = slots[live[i]].position - slots[live[i - 1]].position;
    positions[i] = positions[i - 1] + (mode == PositionMode::compressed ? compressed_gap(gap) : 1);
  }
  return positions;
}

// The newest token's key and value go into the free slot of each lane, and it starts without a score.
void write(const AttentionJob& job, std::int32_t step, const Qkv& qkv) {
  const LayerState& state = job.state;
  const std::int64_t bytes = stored_bytes(state.dtype, state.head_dim);
  for (int lane = 0; lane < state.lanes; ++lane) {
    state.lane(lane)[state.free_slot[lane]] = Slot{job.first_position + step, 0.0f};
  }
  for (int h = 0; h < state.n_kv_heads; ++h) {
    const std::int64_t slot = h * std::int64_t{state.n_slots()} + state.free_slot[state.lane_of(h)];
    const std::int64_t column = std::int64_t{h} * state.head_dim;
    reference::store_row(state.dtype, qkv.k.row(job.first_row + step) + column, state.head_dim,
                         state.k + slot * bytes);
    reference::store_row(state.dtype, qkv.v.row(job.first_row + step) + column, state.head_dim,
                         state.v + slot * bytes);
  }
}

// softmax(scale · q · K) over the slots seen; the p of other slots is left as it is.
void softmax_scores(const float* q, const std::vector<float>& keys, std::span<const std::int32_t> live,
                    const AttentionShape& shape, float* p) {
  std::vector<double> scores(live.size());
  for (std::size_t i = 0; i < live.size(); ++i) {
    const float* key = keys.data() + static_cast<std::int64_t>(live[i]) * shape.head_dim;
    scores[i] = reference::dot(q, key, shape.head_dim) * static_cast<double>(shape.scale);
    if (shape.soft_cap > 0) scores[i] = soft_cap(scores[i], shape.soft_cap);
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (std::size_t i = 0; i < live.size(); ++i) p[live[i]] = static_cast<float>(scores[i] / sum);
}

void weighted_values(const float* p, const std::vector<float>& values, std::span<const std::int32_t> live,
                     int head_dim, float* out) {
  std::vector<double> sum(static_cast<std::size_t>(head_dim));
  for (const std::int32_t slot : live) {
    const float* value = values.data() + static_cast<std::int64_t>(slot) * head_dim;
    for (int d = 0; d < head_dim; ++d) sum[d] += static_cast<double>(p[slot]) * static_cast<double>(value[d]);
  }
  for (int d = 0; d < head_dim; ++d) out[d] = static_cast<float>(sum[d]);
}

// Of live slots, oldest first, those that the newest token sees.
std::span<const std::int32_t> in_window(std::span<const std::int32_t> live, const Slot* slots,
                                        std::int32_t window) {
  if (window == 0) return live;
  const std::int32_t now = slots[live.back()].position;
  while (slots[live.front()].position <= now - window) live = live.subspan(1);
  return live;
}

}  // namespace

double soft_cap(double x, double cap) { return cap * std::tanh(x / cap); }

void ReferenceAttention::run(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                             std::span<const AttentionJob> jobs) {
  for (const AttentionJob& job : jobs) {
    if (job.positions != PositionMode::absolute) {
      const std::int32_t step = job.positions == PositionMode::compressed ? kLargestCompressedGap : 1;
      table_.cover(job.rope, step * job.state.capacity + 1);
    }
    for (std::int32_t t = 0; t < job.n_rows; ++t) step(job, t, out, qkv, shape);
  }
}

// One token: write · attend · evict.
void ReferenceAttention::step(const AttentionJob& job, std::int32_t step, Tensor out, const Qkv& qkv,
                              const AttentionShape& shape) {
  const LayerState& state = job.state;
  write(job, step, qkv);
  probabilities_.assign(static_cast<std::size_t>(shape.n_heads) * state.n_slots(), 0.0f);
  pool_.for_each(shape.n_kv_heads, [&](std::int64_t h, int) {
    attend_kv_head(job, job.first_row + step, static_cast<int>(h), out, qkv, shape);
  });

  const Clock clock{job.first_position + step, state.capacity};
  const int heads_per_lane = shape.n_heads / state.lanes;
  for (int lane = 0; lane < state.lanes; ++lane) {
    mass_.assign(static_cast<std::size_t>(state.n_slots()), 0.0f);
    for (int h = lane * heads_per_lane; h < (lane + 1) * heads_per_lane; ++h) {
      const float* p = probabilities_.data() + static_cast<std::int64_t>(h) * state.n_slots();
      for (std::int32_t s = 0; s < state.n_slots(); ++s) mass_[s] += p[s];
    }
    const Eviction eviction = std::visit(
        [&](const auto& policy) {
          update_scores(policy, state.lane(lane), state.n_slots(), mass_.data());
          return evict(policy, state.lane(lane), state.n_slots(), clock, job.pins);
        },
        job.policy);
    state.free_slot[lane] = eviction.free_slot;
    if (job.victims != nullptr) job.victims[std::int64_t{lane} * job.n_rows + step] = eviction.victim;
  }
}

void ReferenceAttention::attend_kv_head(const AttentionJob& job, std::int64_t row, int kv_head, Tensor out,
                                        const Qkv& qkv, const AttentionShape& shape) {
  const LayerState& state = job.state;
  const int head_dim = shape.head_dim;
  std::vector<float> keys = load_head(state, state.k, kv_head);
  const std::vector<float> values = load_head(state, state.v, kv_head);
  const int lane = state.lane_of(kv_head);
  const std::vector<std::int32_t> live = live_slots(state.lane_slots(lane));
  std::vector<float> q(static_cast<std::size_t>(head_dim));

  const bool rotate_now = job.positions != PositionMode::absolute;
  std::vector<std::int32_t> positions;
  if (rotate_now) {
    positions = rotary_positions(job.positions, state.lane(lane), live);
    for (std::size_t i = 0; i < live.size(); ++i) {
      table_.rotate({keys.data() + static_cast<std::int64_t>(live[i]) * head_dim, q.size()}, job.rope,
                    positions[i]);
    }
  }
  const std::span<const std::int32_t> seen = in_window(live, state.lane(lane), shape.window);
  for (int h = kv_head * shape.group(); h < (kv_head + 1) * shape.group(); ++h) {
    std::copy_n(qkv.q.row(row) + std::int64_t{h} * head_dim, head_dim, q.begin());
    if (rotate_now) table_.rotate(q, job.rope, positions.back());
    float* p = probabilities_.data() + static_cast<std::int64_t>(h) * state.n_slots();
    softmax_scores(q.data(), keys, seen, shape, p);
    weighted_values(p, values, seen, head_dim, out.row(row) + std::int64_t{h} * head_dim);
  }
}

}  // namespace msrnn
