// States without a model: random keys and values go through the reference device.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "backend/reference/reference_backend.h"
#include "state/state_data.h"

namespace msrnn {

inline constexpr StateShape kShape{.n_layers = 3, .n_kv_heads = 2, .head_dim = 8, .model_fingerprint = 42};
inline constexpr int kHeads = 4;

inline std::shared_ptr<Backend> reference_backend() {
  static const auto backend = std::make_shared<ReferenceBackend>(1);
  return backend;
}

inline StateData make_state(const StateOptions& options) { return {kShape, options, reference_backend()}; }

// Reads n tokens of a sequence that is a function of the seed and the positions alone. Returns all attention
// outputs.
inline std::vector<float> feed(StateData& state, int n, unsigned seed = 1) {
  const AttentionShape shape{kHeads, kShape.n_kv_heads, kShape.head_dim, 0.35f};
  const std::vector<double> frequencies = {1.0, 0.3, 0.1, 0.03};
  std::vector<float> outputs;
  for (int t = 0; t < n; ++t) {
    state.make_room(1);
    std::mt19937 random(seed * 7919 + static_cast<unsigned>(state.position()));
    std::normal_distribution<float> normal;
    for (int l = 0; l < kShape.n_layers; ++l) {
      std::vector<float> q(kHeads * kShape.head_dim), k(kShape.n_kv_heads * kShape.head_dim), v(k.size()),
          out(q.size());
      for (auto* values : {&q, &k, &v}) {
        for (float& x : *values) x = normal(random);
      }
      const auto row = [](std::vector<float>& x) {
        return Tensor{x.data(), 1, static_cast<std::int64_t>(x.size())};
      };
      const AttentionJob job{.n_rows = 1,
                             .first_position = static_cast<std::int32_t>(state.position()),
                             .state = state.layer(l),
                             .policy = state.policy(),
                             .pins = state.pins(),
                             .positions = state.positions(),
                             .rope = {frequencies, Rope::Pairs::interleaved}};
      reference_backend()->attend(row(out), {row(q), row(k), row(v)}, shape, {&job, 1});
      outputs.insert(outputs.end(), out.begin(), out.end());
    }
    state.advance(1);
  }
  return outputs;
}

}  // namespace msrnn
