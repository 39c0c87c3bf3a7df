// The interface of an eviction policy, and the list of all policies.
//
// After every attention step a full state loses one token. A policy decides which by three answers:
//   observes  does it look at attention at all?
//   update    a slot's new score, from the old one and the attention mass the newest query gave the slot
//   keep      how much a slot is worth keeping; the least goes, ties are decided against the oldest token
// It never sees memory, keys, values or devices. Its data members are the whole of it, passed by value to a
// kernel; its functions compile for the processor and for CUDA from the same header.
#pragma once

#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>
#include <variant>

#include "policy/attention_mass.h"
#include "policy/full.h"
#include "policy/slot.h"
#include "policy/window.h"

namespace msrnn {

template <class P>
concept EvictionPolicy = std::is_trivially_copyable_v<P> &&
    requires(const P p, Slot slot, Clock clock, float x) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::observes } -> std::convertible_to<bool>;  // false: probabilities are never stored
  { P::bounded } -> std::convertible_to<bool>;   // false: nothing is ever dropped and the state grows
  { p.granularity } -> std::convertible_to<Granularity>;
  { p.update(x, x) } -> std::same_as<float>;       // (score, mass) → score
  { p.keep(slot, clock) } -> std::same_as<float>;  // the least is dropped; kPinned goes last
};

using Policy = std::variant<AttentionMass, Window, Full>;

inline Granularity granularity(const Policy& policy) {
  return std::visit([](const auto& p) { return p.granularity; }, policy);
}
inline bool observes(const Policy& policy) {
  return std::visit([](const auto& p) { return p.observes; }, policy);
}
inline bool bounded(const Policy& policy) {
  return std::visit([](const auto& p) { return p.bounded; }, policy);
}

}  // namespace msrnn
