#include "model/decoder.h"

#include "state/state_data.h"

namespace msrnn {
namespace {

// Where each row's queries and keys turn to. States that place tokens by what they keep store keys
// un-rotated.
void set_rotations(std::span<const Segment> segments, std::vector<std::int32_t>& rotations) {
  rotations.clear();
  for (const Segment& segment : segments) {
    const StateData& state = segment.state->data();
    const bool absolute = state.positions() == PositionMode::absolute;
    for (int r = 0; r < segment.n_rows; ++r) {
      rotations.push_back(absolute ? static_cast<std::int32_t>(state.position()) + r : kUnrotated);
    }
  }
}

void set_jobs(std::span<const Segment> segments, int layer, const Rope& rope,
              std::vector<AttentionJob>& jobs) {
  jobs.clear();
  for (const Segment& segment : segments) {
    const StateData& state = segment.state->data();
    const LayerState view = state.layer(layer);
    std::int32_t* victims = segment.victims;
    if (victims != nullptr) victims += std::int64_t{layer} * view.lanes * segment.n_rows;
    jobs.push_back({.first_row = segment.first_row,
                    .n_rows = segment.n_rows,
                    .first_position = static_cast<std::int32_t>(state.position()),
                    .state = view,
                    .policy = state.policy(),
                    .pins = state.pins(),
                    .positions = state.positions(),
                    .rope = rope,
                    .victims = victims});
  }
}

}  // namespace

void Decoder::forward(std::span<const Token> tokens, std::span<const Segment> segments,
                      std::span<float> logits, const ForwardOptions& options, Workspace& workspace) const {
  workspace.require(config, static_cast<std::int64_t>(tokens.size()), backend);
  const Tensor x = workspace.x, attention = workspace.attention;
  AttentionShape shape{config.n_heads, config.n_kv_heads, config.head_dim, config.attention_scale,
                       config.attention_soft_cap};
  const auto observe = [&](int layer) {
    if (options.observe) options.observe(layer, {x.data, static_cast<std::size_t>(x.rows * x.cols)});
  };

  set_rotations(segments, workspace.rotations);
  backend.embed(x, *weights.embedding, tokens, config.embedding_scale);
  observe(0);
  for (int l = 0; l < config.n_layers; ++l) {
    const LayerWeights& layer = weights.layers[static_cast<std::size_t>(l)];
    const Rope rope = ropes.of_layer(l);
    shape.window = config.slides[static_cast<std::size_t>(l)] ? config.sliding_window : 0;
    set_jobs(segments, l, rope, workspace.jobs);
    backend.qkv(workspace.qkv, x, layer.attention, rope, workspace.rotations);
    backend.attend(attention, workspace.qkv, shape, workspace.jobs);
    backend.project_add(x, attention, layer.attention_output);
    backend.feed_forward(x, layer.ffn, activation);
    observe(l + 1);
  }
  for (const Segment& segment : segments) segment.state->data().advance(segment.n_rows);

  const auto n_logits = static_cast<std::int64_t>(options.logits_rows.size());
  if (n_logits > 0)
    backend.logits({logits.data(), n_logits, config.vocabulary}, x, weights.head, options.logits_rows);
}

void Workspace::require(const ModelConfig& config, std::int64_t rows, Backend& backend) {
  const std::int64_t q_width = std::int64_t{config.n_heads} * config.head_dim;
  const std::int64_t kv_width = std::int64_t{config.n_kv_heads} * config.head_dim;
  const auto bytes =
      static_cast<std::size_t>(rows * (config.width + 2 * q_width + 2 * kv_width)) * sizeof(float);
  if (bytes > memory_.size()) memory_ = backend.allocate(bytes);
  float* next = memory_.as<float>();
  const auto take = [&](std::int64_t cols) {
    const Tensor tensor{next, rows, cols};
    next += rows * cols;
    return tensor;
  };
  x = take(config.width);
  qkv = {.q = take(q_width), .k = take(kv_width), .v = take(kv_width)};
  attention = take(q_width);
}

}  // namespace msrnn
