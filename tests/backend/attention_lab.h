// Attention of one layer outside a model: random rows, a state, and ways to send the rows through it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "policy/parse.h"

namespace msrnn::testing {

struct LayerCase {
  std::string policy = "tova";
  int capacity = 16, n_heads = 4, n_kv_heads = 2, head_dim = 16;
  DType type = DType::f32;
  PositionMode positions = PositionMode::absolute;
  std::vector<Span> pins;
  float scale = 0.25f, soft_cap = 0;
  std::int32_t window = 0;
  int n_rows = 100;
  Rope::Pairs pairs = Rope::Pairs::interleaved;

  AttentionShape shape() const { return {n_heads, n_kv_heads, head_dim, scale, soft_cap, window}; }
  int lanes() const { return granularity(parse_policy(policy)) == Granularity::layer ? 1 : n_kv_heads; }
};

// q: [rows][n_heads · head_dim]; k, v: [rows][n_kv_heads · head_dim].
struct Rows {
  std::vector<float> q, k, v;

  static Rows random(const LayerCase& c, unsigned seed) {
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&](int n_heads) {
      std::vector<float> numbers(static_cast<std::size_t>(c.n_rows * n_heads * c.head_dim));
      for (float& x : numbers) x = normal(engine);
      return numbers;
    };
    return {draw(c.n_heads), draw(c.n_kv_heads), draw(c.n_kv_heads)};
  }
};

// A layer of a state and its memory.
class LabState {
 public:
  explicit LabState(const LayerCase& c) {
    const std::int64_t slots = std::int64_t{c.n_kv_heads} * (c.capacity + 1);
    k_.resize(static_cast<std::size_t>(slots * stored_bytes(c.type, c.head_dim)));
    v_ = k_;
    slots_.resize(static_cast<std::size_t>(c.lanes() * (c.capacity + 1)));
    free_.resize(static_cast<std::size_t>(c.lanes()));
    view_ = {nullptr, nullptr, nullptr, nullptr, c.capacity, c.lanes(), c.n_kv_heads, c.head_dim, c.type};
  }
  LayerState view() {
    LayerState view = view_;
    view.k = k_.data();
    view.v = v_.data();
    view.slots = slots_.data();
    view.free_slot = free_.data();
    return view;
  }
  // The same tokens in the same slots, and an empty slot after them.
  LabState with_one_more_slot(LayerCase c) const {
    const auto bytes = static_cast<std::size_t>(stored_bytes(c.type, c.head_dim));
    const auto n_slots = static_cast<std::size_t>(c.capacity + 1);
    ++c.capacity;
    LabState wide(c);
    for (std::size_t h = 0; h < static_cast<std::size_t>(c.n_kv_heads); ++h) {
      std::copy_n(k_.data() + h * n_slots * bytes, n_slots * bytes,
                  wide.k_.data() + h * (n_slots + 1) * bytes);
      std::copy_n(v_.data() + h * n_slots * bytes, n_slots * bytes,
                  wide.v_.data() + h * (n_slots + 1) * bytes);
    }
    for (std::size_t l = 0; l < free_.size(); ++l) {
      std::copy_n(slots_.data() + l * n_slots, n_slots, wide.slots_.data() + l * (n_slots + 1));
    }
    wide.free_ = free_;
    return wide;
  }
  // Live tokens of a lane by position.
  std::vector<Slot> kept(int lane) const;
  const std::vector<std::byte>& keys() const { return k_; }
  const std::vector<Slot>& slots() const { return slots_; }
  // The same tokens with the same numbers in the same slots.
  bool operator==(const LabState& other) const;

 private:
  std::vector<std::byte> k_, v_;
  std::vector<Slot> slots_;
  std::vector<std::int32_t> free_;
  LayerState view_;
};

struct Outcome {
  std::vector<float> out;             // [rows][n_heads · head_dim]
  std::vector<std::int32_t> victims;  // [lanes][rows]
};

// Frequencies of the rotary embedding for head_dim, alive for ever.
inline std::span<const double> frequencies(int head_dim) {
  static std::vector<std::vector<double>> all(512);
  std::vector<double>& of_dim = all[static_cast<std::size_t>(head_dim)];
  if (of_dim.empty()) {
    for (int i = 0; i < head_dim / 2; ++i) of_dim.push_back(std::pow(10000.0, -2.0 * i / head_dim));
  }
  return of_dim;
}

// Sends rows through the state in calls of the sizes given. `attend` is Backend::attend of some device.
template <class Attend>
Outcome run_split(const LayerCase& c, const Rows& rows, LabState& state, const std::vector<int>& sizes,
                  Attend attend) {
  const std::int64_t width = std::int64_t{c.n_heads} * c.head_dim;
  const std::int64_t kv_width = std::int64_t{c.n_kv_heads} * c.head_dim;
  Outcome outcome;
  outcome.out.assign(rows.q.size(), 0.0f);
  outcome.victims.assign(static_cast<std::size_t>(c.lanes() * c.n_rows), -7);
  const auto view = [&](const std::vector<float>& numbers, std::int64_t cols) {
    return Tensor{const_cast<float*>(numbers.data()), c.n_rows, cols};
  };
  int row = 0;
  for (const int size : sizes) {
    std::vector<std::int32_t> victims(static_cast<std::size_t>(c.lanes() * size));
    AttentionJob job{row,
                     size,
                     row,
                     state.view(),
                     parse_policy(c.policy),
                     {},
                     c.positions,
                     {frequencies(c.head_dim), c.pairs},
                     victims.data()};
    job.pins = {c.pins.data(), static_cast<std::int32_t>(c.pins.size())};
    attend(view(outcome.out, width), Qkv{view(rows.q, width), view(rows.k, kv_width), view(rows.v, kv_width)},
           c.shape(), std::span<const AttentionJob>(&job, 1));
    for (int lane = 0; lane < c.lanes(); ++lane) {
      for (int r = 0; r < size; ++r) {
        outcome.victims[static_cast<std::size_t>(lane * c.n_rows + row + r)] =
            victims[static_cast<std::size_t>(lane * size + r)];
      }
    }
    row += size;
  }
  return outcome;
}

inline std::vector<Slot> LabState::kept(int lane) const {
  std::vector<Slot> live;
  for (int s = 0; s <= view_.capacity; ++s) {
    const Slot slot = slots_[static_cast<std::size_t>(lane * (view_.capacity + 1) + s)];
    if (slot.position != kEmpty) live.push_back(slot);
  }
  std::sort(live.begin(), live.end(), [](Slot a, Slot b) { return a.position < b.position; });
  return live;
}

inline bool LabState::operator==(const LabState& other) const {
  const auto n_slots = static_cast<std::size_t>(view_.capacity + 1);
  const auto bytes = static_cast<std::size_t>(stored_bytes(view_.dtype, view_.head_dim));
  const auto same = [&](const std::vector<std::byte>& a, const std::vector<std::byte>& b, std::size_t at) {
    return std::equal(a.begin() + static_cast<std::ptrdiff_t>(at * bytes),
                      a.begin() + static_cast<std::ptrdiff_t>((at + 1) * bytes),
                      b.begin() + static_cast<std::ptrdiff_t>(at * bytes));
  };
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].position != other.slots_[i].position) return false;
    if (slots_[i].position != kEmpty && slots_[i].score != other.slots_[i].score) return false;
  }
  for (int head = 0; head < view_.n_kv_heads; ++head) {
    const auto of_lane = static_cast<std::size_t>(view_.lane_of(head)) * n_slots;
    for (std::size_t s = 0; s < n_slots; ++s) {
      const std::size_t at = static_cast<std::size_t>(head) * n_slots + s;
      if (slots_[of_lane + s].position == kEmpty) continue;
      if (!same(k_, other.k_, at) || !same(v_, other.v_, at)) return false;
    }
  }
  return free_ == other.free_;
}

}  // namespace msrnn::testing
