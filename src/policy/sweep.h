// Eviction: choosing the slot that the next token overwrites.
//
// A lane is the capacity + 1 slots of one kept set (a layer, or a KV head of it). One of its slots is always
// free. The newest token was written into that slot and has been attended with all others; now the scores
// take in what the newest query looked at, and the slot least worth keeping becomes the free one. Nothing
// moves.
#pragma once

#include <cstdint>

#include "policy/slot.h"

namespace msrnn {

// What one step did to a lane.
struct Eviction {
  std::int32_t free_slot;  // where the next token goes
  std::int32_t victim;     // position of the token that was dropped; kEmpty while the lane still had room
};

// Every live slot's score takes in the mass the newest query gave it. mass: [n_slots].
template <class P>
MSRNN_HD void update_scores(const P& policy, Slot* slots, std::int32_t n_slots, const float* mass) {
  for (std::int32_t s = 0; s < n_slots; ++s) {
    if (slots[s].position != kEmpty) slots[s].score = policy.update(slots[s].score, mass[s]);
  }
}

// The slot to overwrite next: an empty one if there is one, else the least worth keeping; of equals the
// oldest token. What the caller pinned is never chosen, and −1 where that is everything; of what the policy
// pins, the oldest goes when nothing else is left.
template <class P>
MSRNN_HD std::int32_t least_worth(const P& policy, const Slot* slots, std::int32_t n_slots, Clock clock,
                                  Pins pins) {
  std::int32_t least = -1;
  float least_keep = 0;
  for (std::int32_t s = 0; s < n_slots; ++s) {
    if (slots[s].position == kEmpty) return s;
    if (pins.contain(slots[s].position)) continue;
    const float keep = policy.keep(slots[s], clock);
    const bool less =
        least < 0 || keep < least_keep || (keep == least_keep && slots[s].position < slots[least].position);
    if (less) {
      least = s;
      least_keep = keep;
    }
  }
  return least;
}

// Frees the slot to overwrite next. The caller must not have pinned all of them.
template <class P>
MSRNN_HD Eviction evict(const P& policy, Slot* slots, std::int32_t n_slots, Clock clock, Pins pins) {
  const std::int32_t chosen = least_worth(policy, slots, n_slots, clock, pins);
  const std::int32_t victim = slots[chosen].position;
  slots[chosen] = Slot{};
  return {chosen, victim};
}

}  // namespace msrnn
