#include "state/state_data.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/fail.h"
#include "policy/live_slots.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

PositionMode parse_positions(const std::string& text) {
  if (text == "absolute") return PositionMode::absolute;
  if (text == "in-cache") return PositionMode::in_cache;
  if (text == "compressed") return PositionMode::compressed;
  fail_usage("unknown position mode '{}'; there are: absolute, in-cache, compressed", text);
}

constexpr std::int32_t kFirstUnbounded = 256;  // slots an unbounded state starts with; it doubles from there
constexpr std::int32_t kLargestCapacity = 1 << 24;
constexpr std::int64_t kLongestSequence =
    std::numeric_limits<std::int32_t>::max() - 1;  // positions are 32 bits wide

std::vector<std::int32_t> parse_capacities(const StateOptions& options, const Policy& policy, int n_layers) {
  const auto n = static_cast<std::size_t>(n_layers);
  if (!bounded(policy)) return std::vector<std::int32_t>(n, kFirstUnbounded);
  if (!options.layer_capacities.empty() && options.layer_capacities.size() != n) {
    fail_usage("expected one capacity for each of the {} layers, found {}", n,
               options.layer_capacities.size());
  }
  std::vector<std::int32_t> capacities(options.layer_capacities.begin(), options.layer_capacities.end());
  if (capacities.empty()) capacities.assign(n, options.capacity);
  for (const std::int32_t capacity : capacities) {
    check_capacity(policy, capacity);
    if (capacity > kLargestCapacity)
      fail_usage("a state keeps at most {} tokens, found {}", kLargestCapacity, capacity);
  }
  return capacities;
}

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

DType parse_state_type(const std::string& text, int head_dim) {
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q8_0}) {
    const auto [name, block_size, bytes] = traits(type);
    if (text != name) continue;
    if (head_dim % block_size != 0) {
      fail_usage("state type {}: expected heads of a multiple of {} numbers, found {}", name, block_size,
                 head_dim);
    }
    return type;
  }
  fail_usage("unknown state type '{}'; there are: f32, f16, bf16, q8_0", text);
}

StateData::StateData(const StateShape& shape, const StateOptions& options, std::shared_ptr<Backend> backend)
    : options_(options),
      shape_(shape),
      policy_(parse_policy(options.policy)),
      positions_(parse_positions(options.positions)),
      dtype_(parse_state_type(options.type, shape.head_dim)),
      backend_(std::move(backend)) {
  lay_out(parse_capacities(options_, policy_, shape_.n_layers));
}

void StateData::lay_out(const std::vector<std::int32_t>& capacities) {
  const int lanes = granularity(policy_) == Granularity::layer ? 1 : shape_.n_kv_heads;
  std::size_t end = 0;
  const auto take = [&end](std::size_t bytes) {
    const std::size_t begin = end;
    end += aligned(bytes);
    return begin;
  };
  layers_.clear();
  for (const std::int32_t capacity : capacities) {
    const std::int64_t slots = std::int64_t{capacity} + 1;
    const auto kv =
        static_cast<std::size_t>(stored_bytes(dtype_, slots * shape_.n_kv_heads * shape_.head_dim));
    const auto lane_slots = static_cast<std::size_t>(slots * lanes);
    layers_.push_back({.k = take(kv),
                       .v = take(kv),
                       .slots = take(lane_slots * sizeof(Slot)),
                       .free_slot = take(static_cast<std::size_t>(lanes) * sizeof(std::int32_t)),
                       .capacity = capacity});
  }
  slab_ = backend_->allocate(end);
  reset();
}

LayerState StateData::layer(int l) const {
  const Offsets& at = layers_[static_cast<std::size_t>(l)];
  return {.k = slab_.data() + at.k,
          .v = slab_.data() + at.v,
          .slots = reinterpret_cast<Slot*>(slab_.data() + at.slots),
          .free_slot = reinterpret_cast<std::int32_t*>(slab_.data() + at.free_slot),
          .capacity = at.capacity,
          .lanes = granularity(policy_) == Granularity::layer ? 1 : shape_.n_kv_heads,
          .n_kv_heads = shape_.n_kv_heads,
          .head_dim = shape_.head_dim,
          .dtype = dtype_};
}

void StateData::reset() {
  std::memset(slab_.data(), 0, slab_.size());
  for (int l = 0; l < shape_.n_layers; ++l) {
    const LayerState state = layer(l);
    std::fill_n(state.slots, std::int64_t{state.lanes} * state.n_slots(), Slot{});
  }
  position_ = 0;
}

void StateData::make_room(std::int64_t n) {
  const std::int64_t needed = position_ + n;
  if (needed > kLongestSequence) fail("a sequence has at most {} tokens", kLongestSequence);
  const std::int64_t capacity = layers_.front().capacity;
  if (bounded(policy_) || needed <= capacity) return;
  const auto wider_capacity =
      static_cast<std::int32_t>(std::min(std::max(needed, 2 * capacity), kLongestSequence));
  StateData wider(shape_, options_, backend_);
  wider.restore(position_, pins_, std::vector<std::int32_t>(layers_.size(), wider_capacity));
  wider.select_from(*this);
  *this = std::move(wider);
}

void StateData::pin(Span span) {
  if (span.begin < 0 || span.end < span.begin) {
    fail_usage("cannot pin tokens [{}, {}): expected 0 <= begin <= end", span.begin, span.end);
  }
  std::vector<Span> pins = pins_;
  pins.push_back(span);
  std::sort(pins.begin(), pins.end(), [](Span a, Span b) { return a.begin < b.begin; });
  std::vector<Span> merged;
  for (const Span next : pins) {
    if (!merged.empty() && next.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, next.end);
    } else {
      merged.push_back(next);
    }
  }
  std::int64_t pinned = 0;
  for (const Span s : merged) pinned += s.end - s.begin;
  for (const std::int32_t capacity : capacities()) {
    if (bounded(policy_) && pinned > capacity) {
      fail_usage("cannot pin {} tokens: a layer of the state keeps {}", pinned, capacity);
    }
  }
  pins_ = std::move(merged);
}

std::vector<std::int32_t> StateData::capacities() const {
  std::vector<std::int32_t> capacities;
  for (const Offsets& layer : layers_) capacities.push_back(layer.capacity);
  return capacities;
}

StateData StateData::clone() const {
  StateData copy(shape_, options_, backend_);
  copy.restore(position_, pins_, capacities());
  std::memcpy(copy.slab_.data(), slab_.data(), slab_.size());
  return copy;
}

void StateData::restore(std::int64_t position, std::vector<Span> pins,
                        const std::vector<std::int32_t>& capacities) {
  if (capacities != this->capacities()) lay_out(capacities);
  position_ = position;
  pins_ = std::move(pins);
}

void StateData::select_from(const StateData& wide) {
  if (to_string(policy_) != to_string(wide.policy_) ||
      shape_.model_fingerprint != wide.shape_.model_fingerprint || dtype_ != wide.dtype_ ||
      positions_ != wide.positions_) {
    fail_usage("a state can select only from one of the same model, policy, number type and position mode");
  }
  const Clock now{static_cast<std::int32_t>(wide.position_ - 1), 0};
  for (int l = 0; l < shape_.n_layers; ++l) {
    const LayerState from = wide.layer(l), to = layer(l);
    std::fill_n(to.slots, std::int64_t{to.lanes} * to.n_slots(), Slot{});
    for (int lane = 0; lane < to.lanes; ++lane) {
      std::vector<std::int32_t> kept = live_slots(from.lane_slots(lane));
      const Slot* slots = from.lane(lane);
      const Clock clock{now.now, to.capacity};
      const auto worth = [&](std::int32_t s) {
        const float keep = std::visit([&](const auto& p) { return p.keep(slots[s], clock); }, policy_);
        return std::tuple(pins().contain(slots[s].position), keep, slots[s].position);
      };
      std::sort(kept.begin(), kept.end(), [&](auto a, auto b) { return worth(a) > worth(b); });
      if (kept.size() > static_cast<std::size_t>(to.capacity))
        kept.resize(static_cast<std::size_t>(to.capacity));
      std::sort(kept.begin(), kept.end(),
                [&](auto a, auto b) { return slots[a].position < slots[b].position; });
      std::int32_t next = 0;
      for (const std::int32_t s : kept) {
        copy_slot(from, s, to, next, lane);
        to.lane(lane)[next++] = slots[s];
      }
      to.free_slot[lane] = next;
    }
  }
  position_ = wide.position_;
}

void copy_slot(const LayerState& from, std::int32_t from_slot, const LayerState& to, std::int32_t to_slot,
               int lane) {
  const auto bytes = static_cast<std::size_t>(stored_bytes(to.dtype, to.head_dim));
  for (int h = 0; h < to.n_kv_heads; ++h) {
    if (to.lane_of(h) != lane) continue;
    const std::size_t source = (static_cast<std::size_t>(h) * from.n_slots() + from_slot) * bytes;
    const std::size_t target = (static_cast<std::size_t>(h) * to.n_slots() + to_slot) * bytes;
    std::memcpy(to.k + target, from.k + source, bytes);
    std::memcpy(to.v + target, from.v + source, bytes);
  }
}

}  // namespace msrnn
