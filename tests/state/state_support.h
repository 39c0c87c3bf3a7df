// States without a model: random keys and values go through the reference device.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "backend/reference/reference_backend.h"
#include "state/state_data.h"

namespace msrnn {

// Heads that every state type can hold.
inline constexpr StateShape kShape{.n_layers = 3, .n_kv_heads = 2, .head_dim = 32, .model_fingerprint = 42};
inline constexpr int kHeads = 4;
inline constexpr const char* kTypes[] = {"f32", "f16", "bf16", "q8_0"};

inline std::shared_ptr<Backend> reference_backend() {
  static const auto backend = std::make_shared<ReferenceBackend>(1);
  return backend;
}

inline StateData make_state(const StateOptions& options) { return {kShape, options, reference_backend()}; }

// Reads n tokens of a sequence that is a function of the seed and the positions alone. Returns all attention
// outputs.
inline std::vector<float> feed(StateData& state, int n, unsigned seed = 1) {
  const AttentionShape shape{kHeads, kShape.n_kv_heads, kShape.head_dim, 0.35f};
  std::vector<double> frequencies;
  for (int i = 0; i < kShape.head_dim / 2; ++i) frequencies.push_back(std::pow(0.7, i));
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
