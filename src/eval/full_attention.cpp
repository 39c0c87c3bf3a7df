#include "eval/full_attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/thread_pool.h"
#include "model/model_impl.h"

namespace msrnn {
namespace {

// The queries of a block are what the device itself computes; its keys are those in the state.
class FullAttention {
 public:
  FullAttention(const Model& model, const FullAttentionOptions& options, std::int64_t tokens)
      : model_(model.impl()),
        config_(model.config()),
        pool_(model.threads()),
        state_(model, {.policy = "full", .type = options.type}),
        n_keys_(tokens),
        scratch_(static_cast<std::size_t>(pool_.size())) {}

  void read(const Model& model, std::span<const Token> block,
            const std::function<void(const AttentionRow&)>& row) {
    first_ = state_.position();
    const Segment segment{.first_row = 0, .n_rows = static_cast<int>(block.size()), .state = &state_};
    const auto observe = [&](int layer, std::span<const float> x) {
      if (layer > 0) attend(layer - 1, std::ssize(block), row);
      if (layer < config_.n_layers) project(layer, std::ssize(block), x);
    };
    model.forward(block, {&segment, 1}, {}, {.observe = observe});
  }

 private:
  // x: [rows][width], what goes into the layer.
  void project(int layer, std::int64_t rows, std::span<const float> x) {
    const std::int64_t q_width = std::int64_t{config_.n_heads} * config_.head_dim;
    const std::int64_t kv_width = std::int64_t{config_.n_kv_heads} * config_.head_dim;
    x_.assign(x.begin(), x.end());
    qkv_.resize(static_cast<std::size_t>(rows * (q_width + 2 * kv_width)));
    std::vector<std::int32_t> positions(static_cast<std::size_t>(rows));
    std::iota(positions.begin(), positions.end(), static_cast<std::int32_t>(first_));
    q_ = {qkv_.data(), rows, q_width};
    const Tensor k{q_.row(rows), rows, kv_width}, v{k.row(rows), rows, kv_width};
    model_.backend->qkv({q_, k, v}, {x_.data(), rows, config_.width},
                        model_.weights.layers[static_cast<std::size_t>(layer)].attention,
                        model_.ropes.of_layer(layer), positions);
  }

  // Keys of one KV head by the order of their tokens: [head_dim][n_keys_], so that scores of many keys are
  // summed side by side.
  void load_keys(const LayerState& state, int kv_head, std::int64_t n) {
    const std::int64_t numbers = std::int64_t{state.n_slots()} * state.head_dim;
    stored_.resize(static_cast<std::size_t>(numbers));
    dequantise(state.dtype, state.k + kv_head * stored_bytes(state.dtype, numbers), numbers, stored_.data());
    keys_.resize(static_cast<std::size_t>(config_.n_kv_heads * state.head_dim * n_keys_));
    float* keys = keys_.data() + std::int64_t{kv_head} * state.head_dim * n_keys_;
    for (const Slot& slot : state.lane_slots(0)) {
      if (slot.position == kEmpty || slot.position >= n) continue;
      const float* key = stored_.data() + (&slot - state.lane(0)) * state.head_dim;
      for (int d = 0; d < state.head_dim; ++d) keys[d * n_keys_ + slot.position] = key[d];
    }
  }

  void attend(int layer, std::int64_t rows, const std::function<void(const AttentionRow&)>& row) {
    const LayerState state = state_.data().layer(layer);
    for (int h = 0; h < config_.n_kv_heads; ++h) load_keys(state, h, first_ + rows);
    pool_.for_each(rows, [&](std::int64_t r, int worker) {
      Scratch& scratch = scratch_[static_cast<std::size_t>(worker)];
      const std::int64_t token = first_ + r;
      scratch.p.assign(static_cast<std::size_t>(config_.n_kv_heads * (token + 1)), 0.0f);
      for (int h = 0; h < config_.n_heads; ++h) add_head(layer, r, h, scratch);
      row({layer, token, scratch.p});
    });
  }

  struct Scratch {
    std::vector<float> p;       // [n_kv_heads][token + 1]
    std::vector<float> scores;  // of one head
  };

  void add_head(int layer, std::int64_t r, int head, Scratch& scratch) const {
    const std::int64_t token = first_ + r;
    const int group = config_.n_heads / config_.n_kv_heads, kv_head = head / group;
    const std::int64_t begin = config_.slides[static_cast<std::size_t>(layer)]
                                   ? std::max<std::int64_t>(0, token + 1 - config_.sliding_window)
                                   : 0;
    const auto n = static_cast<std::size_t>(token + 1 - begin);
    std::vector<float>& scores = scratch.scores;
    scores.assign(n, 0.0f);
    const float* q = q_.row(r) + std::int64_t{head} * config_.head_dim;
    const float* keys = keys_.data() + std::int64_t{kv_head} * config_.head_dim * n_keys_ + begin;
    for (int d = 0; d < config_.head_dim; ++d) {
      const float* key = keys + d * n_keys_;
      for (std::size_t i = 0; i < n; ++i) scores[i] += q[d] * key[i];
    }
    softmax(scores);
    float* p = scratch.p.data() + kv_head * (token + 1) + begin;
    for (std::size_t i = 0; i < n; ++i) p[i] += scores[i] / static_cast<float>(group);
  }

  void softmax(std::vector<float>& scores) const {
    const float cap = config_.attention_soft_cap;
    for (float& score : scores) {
      score *= config_.attention_scale;
      if (cap > 0) score = cap * std::tanh(score / cap);
    }
    const float largest = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (float& score : scores) {
      score = std::exp(score - largest);
      sum += static_cast<double>(score);
    }
    for (float& score : scores) score = static_cast<float>(score / sum);
  }

  const Model::Impl& model_;
  const ModelConfig& config_;
  ThreadPool pool_;
  MultiState state_;
  std::int64_t n_keys_ = 0;  // of the whole text
  std::int64_t first_ = 0;   // token of the block
  std::vector<float> x_, qkv_, stored_;
  std::vector<float> keys_;  // [n_kv_heads][head_dim][n_keys_]
  Tensor q_;                 // [rows][n_heads · head_dim], in qkv_
  std::vector<Scratch> scratch_;
};

// Of one row, what a state had dropped before that step.
float lost(const AttentionRow& row, const KeptTokens& kept, std::int64_t n_kv_heads) {
  double sum = 0;
  for (std::int64_t h = 0; h < n_kv_heads; ++h) {
    const auto dropped_at = kept.set(row.layer * kept.lanes + (kept.lanes == 1 ? 0 : h));
    const float* p = row.p.data() + h * (row.token + 1);
    for (std::int64_t i = 0; i < row.token; ++i) {
      sum += static_cast<double>(dropped_at[static_cast<std::size_t>(i)] < row.token ? p[i] : 0.0f);
    }
  }
  return static_cast<float>(sum / static_cast<double>(n_kv_heads));
}

}  // namespace

void read_with_full_attention(const Model& model, std::span<const Token> tokens,
                              const FullAttentionOptions& options,
                              const std::function<void(const AttentionRow&)>& row) {
  const std::int64_t total = std::ssize(tokens);
  FullAttention attention(model, options, total);
  for (std::int64_t done = 0; done < total;) {
    const std::int64_t count = std::min<std::int64_t>(options.block, total - done);
    attention.read(model, tokens.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)),
                   row);
    done += count;
    if (options.progress) options.progress(done, total);
  }
}

std::vector<std::vector<float>> attention_lost(const Model& model, std::span<const Token> tokens,
                                               std::span<const KeptTokens> kept,
                                               const FullAttentionOptions& options) {
  const std::int64_t total = std::ssize(tokens);
  std::vector<std::vector<float>> losses(kept.size());
  for (auto& loss : losses) loss.resize(static_cast<std::size_t>(model.config().n_layers * total));
  read_with_full_attention(model, tokens, options, [&](const AttentionRow& row) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      losses[i][static_cast<std::size_t>(row.layer * total + row.token)] =
          lost(row, kept[i], model.config().n_kv_heads);
    }
  });
  return losses;
}

}  // namespace msrnn
