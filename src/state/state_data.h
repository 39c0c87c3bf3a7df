// The memory of a multi-state: one slab for all layers, and what is needed to read it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "msrnn/state.h"

#include "backend/backend.h"
#include "policy/policy.h"
#include "policy/positions.h"

namespace msrnn {

// What a model says of its states.
struct StateShape {
  int n_layers = 0, n_kv_heads = 0, head_dim = 0;
  std::uint64_t model_fingerprint = 0;
};

// The number type that a user names, for heads of this size. Throws UsageError if there is none, or if it is
// one of blocks that such heads are no multiple of.
DType parse_state_type(const std::string& text, int head_dim);

class StateData {
 public:
  // Throws UsageError for options that cannot be.
  StateData(const StateShape& shape, const StateOptions& options, std::shared_ptr<Backend> backend);

  const StateOptions& options() const { return options_; }
  const StateShape& shape() const { return shape_; }
  const Policy& policy() const { return policy_; }
  PositionMode positions() const { return positions_; }
  Pins pins() const { return {pins_.data(), static_cast<std::int32_t>(pins_.size())}; }
  std::span<const Span> pinned_spans() const { return pins_; }

  // Views into the slab; they hold until the next make_room() or move.
  LayerState layer(int l) const;
  std::size_t bytes() const { return slab_.size(); }

  std::int64_t position() const { return position_; }
  // To be called when n tokens have gone through every layer.
  void advance(std::int64_t n) { position_ += n; }
  // Grows an unbounded state so that n more tokens fit. Does nothing for others: they always have room.
  void make_room(std::int64_t n);

  void pin(Span span);
  void unpin_all() { pins_.clear(); }
  void reset();
  StateData clone() const;
  void select_from(const StateData& wide);

  // For a snapshot being restored: everything but keys, values and slots.
  void restore(std::int64_t position, std::vector<Span> pins, const std::vector<std::int32_t>& capacities);

 private:
  struct Offsets {  // of one layer in the slab
    std::size_t k, v, slots, free_slot;
    std::int32_t capacity;
  };

  void lay_out(const std::vector<std::int32_t>& capacities);
  std::vector<std::int32_t> capacities() const;

  StateOptions options_;
  StateShape shape_;
  Policy policy_;
  PositionMode positions_;
  DType dtype_;
  std::shared_ptr<Backend> backend_;
  std::vector<Offsets> layers_;
  Buffer slab_;
  std::int64_t position_ = 0;
  std::vector<Span> pins_;
};

// Copies keys and values of one slot: all KV heads of the lane.
void copy_slot(const LayerState& from, std::int32_t from_slot, const LayerState& to, std::int32_t to_slot,
               int lane);

}  // namespace msrnn
