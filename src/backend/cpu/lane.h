// Scratch memory of one lane while rows go through it.
#pragma once

#include <cstdint>
#include <utility>

#include "backend/backend.h"
#include "backend/cpu/arena.h"
#include "backend/cpu/attention_kernels.h"

namespace msrnn::cpu {

struct Lane {
  LaneColumns columns;
  float* mass = nullptr;            // [columns]
  std::int32_t* worth = nullptr;    // [columns]
  std::int32_t* dropped = nullptr;  // [rows], column that each row dropped; −1 for none
  std::int32_t* slot = nullptr;     // [rows], that each row's token takes
  std::int32_t n_columns = 0;       // before those of the rows at hand
  std::int32_t n_live = 0;          // of these

  // Room for n columns, rounded up to whole strips of a sweep.
  static Lane lay_out(Arena& arena, std::int64_t n, std::int64_t rows) {
    const std::int64_t room = aligned_columns(n, 4 * kColumnAlignment);
    Lane lane;
    lane.columns = {arena.take<std::int32_t>(room), arena.take<float>(room),
                    arena.take<std::int32_t>(room), arena.take<float>(room),
                    arena.take<std::int32_t>(room), arena.take<std::int32_t>(room)};
    lane.mass = arena.take<float>(room);
    lane.worth = arena.take<std::int32_t>(room);
    lane.dropped = arena.take<std::int32_t>(rows);
    lane.slot = arena.take<std::int32_t>(rows);
    return lane;
  }

  // A token that rows from first_row on see.
  void put(std::int64_t column, Slot token, std::int32_t first_row, Pins pins) const {
    columns.position[column] = token.position;
    columns.score[column] = token.score;
    columns.order[column] = pins.contain(token.position) ? LaneColumns::kNoCandidate : token.position;
    columns.alive[column] = 1;
    columns.first_row[column] = first_row;
    columns.last_row[column] = std::numeric_limits<std::int32_t>::max();
  }

  // The token of one column in another, seen by all rows to come.
  void copy(std::int64_t from, std::int64_t to) const {
    columns.position[to] = columns.position[from];
    columns.score[to] = columns.score[from];
    columns.order[to] = columns.order[from];
    columns.alive[to] = 1;
    columns.first_row[to] = -1;
    columns.last_row[to] = std::numeric_limits<std::int32_t>::max();
  }

  // No token.
  void clear(std::int64_t column) const {
    columns.position[column] = kEmpty;
    columns.score[column] = 0;
    columns.order[column] = LaneColumns::kNoCandidate;
    columns.alive[column] = 0;
    columns.first_row[column] = std::numeric_limits<std::int32_t>::max();
    columns.last_row[column] = -1;
  }
};

// Slots of a lane up to the last live one.
inline std::int32_t used_slots(const LayerState& state, int lane) {
  constexpr std::int32_t kAtOnce = 8;
  static_assert(kEmpty == -1);  // so that a conjunction is kEmpty if all are
  const Slot* slots = state.lane(lane);
  std::int32_t n = state.n_slots();
  for (; n >= kAtOnce; n -= kAtOnce) {
    std::int32_t all = kEmpty;
    for (std::int32_t i = 1; i <= kAtOnce; ++i) all &= slots[n - i].position;
    if (all != kEmpty) break;
  }
  while (n > 0 && slots[n - 1].position == kEmpty) --n;
  return n;
}

// A token entered the free slot of a lane and that of slot `dropped` goes, or none if −1: the next token
// takes its place, or the first that is empty. Returns the position that went; kEmpty for none.
inline std::int32_t release(const LayerState& state, int lane, std::int32_t dropped) {
  Slot* slots = state.lane(lane);
  std::int32_t& free_slot = state.free_slot[lane];
  if (dropped < 0) {
    free_slot = 0;
    while (slots[free_slot].position != kEmpty) ++free_slot;
    return kEmpty;
  }
  free_slot = dropped;
  return std::exchange(slots[dropped], Slot{}).position;
}

inline int run_sweep(const AttentionKernels& kernels, const Policy& policy, SweepArgs& args) {
  return std::visit([&]<class P>(const P& p) { return std::get<Sweep<P>>(kernels.sweeps)(p, args); }, policy);
}

}  // namespace msrnn::cpu
