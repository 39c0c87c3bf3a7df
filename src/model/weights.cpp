#include "model/weights.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/fail.h"
#include "model/ropes.h"

namespace msrnn {
namespace {

// Loads tensors of one file to one device, and remembers which.
class Loader {
 public:
  Loader(const WeightFile& file, const ModelConfig& config, Backend& backend)
      : file_(file), config_(config), backend_(backend) {}

  WeightPtr matrix(std::string_view name, std::int64_t rows, std::int64_t cols) {
    return backend_.prepare(stored(name, {rows, cols}));
  }

  // Null where the family has no such tensor.
  WeightPtr vector(std::string_view name, std::int64_t n) {
    return name.empty() ? nullptr : backend_.prepare(stored(name, {n}));
  }
  NormWeights norm(std::string_view name, std::int64_t n) { return {vector(name, n), config_.norm_epsilon}; }

  LayerWeights layer(const LayerNames& names, int l) {
    layer_ = l;
    LayerWeights weights;
    weights.attention = attention(names);
    const std::int64_t width = config_.width, q_width = std::int64_t{config_.n_heads} * config_.head_dim;
    weights.attention_output = {matrix(of_layer(names.attention_output), width, q_width),
                                norm(of_layer(names.attention_output_norm), width)};
    weights.ffn.norm = norm(of_layer(names.ffn_norm), width);
    const std::int64_t ffn_width = config_.ffn_width;
    const auto [gate, up] = matrices<2>({names.gate, names.up}, names.gate_up, {ffn_width, ffn_width});
    weights.ffn.gate = gate;
    weights.ffn.up = up;
    weights.ffn.down = {matrix(of_layer(names.down), width, ffn_width),
                        norm(of_layer(names.down_norm), width)};
    return weights;
  }

  // Throws Error if the file has a tensor that was not asked for: whatever it is, the model would compute
  // something else without it.
  void check_all_read(const Architecture& architecture) const {
    for (const StoredTensor& tensor : file_.tensors()) {
      if (read_.contains(tensor.name) || ModelRopes::reads(tensor.name)) continue;
      fail("tensor {}: not part of a {} model that msrnn knows", tensor.name, architecture.name);
    }
  }

 private:
  std::string of_layer(std::string_view pattern) const { return fmt::format(fmt::runtime(pattern), layer_); }

  TensorView stored(std::string_view name, std::initializer_list<std::int64_t> shape) {
    read_.emplace(name);
    return file_.require(name, shape);
  }

  // Matrices with so many rows each, from tensors of their own or from one that has the rows of all.
  template <std::size_t n>
  std::array<WeightPtr, n> matrices(const std::array<std::string_view, n>& names, std::string_view fused,
                                    const std::array<std::int64_t, n>& rows) {
    std::array<WeightPtr, n> weights;
    if (fused.empty()) {
      for (std::size_t i = 0; i < n; ++i) weights[i] = matrix(of_layer(names[i]), rows[i], config_.width);
      return weights;
    }
    const TensorView all =
        stored(of_layer(fused), {std::accumulate(rows.begin(), rows.end(), std::int64_t{0}), config_.width});
    std::int64_t row = 0;
    for (std::size_t i = 0; i < n; ++i) {
      weights[i] = backend_.prepare({all.dtype, rows[i], all.cols, all.row(row)});
      row += rows[i];
    }
    return weights;
  }

  AttentionWeights attention(const LayerNames& names) {
    const std::int64_t q_width = std::int64_t{config_.n_heads} * config_.head_dim,
                       kv_width = std::int64_t{config_.n_kv_heads} * config_.head_dim;
    const auto [q, k, v] = matrices<3>({names.q, names.k, names.v}, names.qkv, {q_width, kv_width, kv_width});
    return {
        .norm = norm(of_layer(names.attention_norm), config_.width),
        .q = {q, vector(of_layer(names.q_bias), q_width), norm(of_layer(names.q_norm), config_.head_dim)},
        .k = {k, vector(of_layer(names.k_bias), kv_width), norm(of_layer(names.k_norm), config_.head_dim)},
        .v = {v, vector(of_layer(names.v_bias), kv_width), {}},
        .head_dim = config_.head_dim};
  }

  const WeightFile& file_;
  const ModelConfig& config_;
  Backend& backend_;
  int layer_ = 0;
  std::set<std::string, std::less<>> read_;
};

}  // namespace

ModelWeights load_weights(const WeightFile& file, const Architecture& architecture, ModelConfig& config,
                          Backend& backend) {
  const TensorNames& names = architecture.tensors;
  const StoredTensor* embedding = file.find(names.embedding);
  if (embedding == nullptr) fail("tensor {} is missing", names.embedding);
  if (embedding->view.rows < 1 || embedding->view.rows > std::numeric_limits<int>::max()) {
    fail("tensor {}: {} rows cannot be a vocabulary", names.embedding, embedding->view.rows);
  }
  config.vocabulary = static_cast<int>(embedding->view.rows);

  Loader loader(file, config, backend);
  ModelWeights weights;
  weights.embedding = loader.matrix(names.embedding, config.vocabulary, config.width);
  for (int l = 0; l < config.n_layers; ++l) weights.layers.push_back(loader.layer(names.layer, l));
  weights.head.norm = loader.norm(names.output_norm, config.width);
  const bool tied = file.find(names.output) == nullptr;
  weights.head.output =
      tied ? weights.embedding : loader.matrix(names.output, config.vocabulary, config.width);
  weights.head.soft_cap = config.logits_soft_cap;
  loader.check_all_read(architecture);
  return weights;
}

std::size_t ModelWeights::bytes() const {
  std::size_t bytes = head.output->bytes();
  for (const LayerWeights& layer : layers) {
    for (const WeightPtr& weight :
         {layer.attention.q.matrix, layer.attention.k.matrix, layer.attention.v.matrix,
          layer.attention_output.matrix, layer.ffn.gate, layer.ffn.up, layer.ffn.down.matrix}) {
      bytes += weight->bytes();
    }
  }
  return bytes;
}

std::uint64_t fingerprint(const WeightFile& file) {
  constexpr std::int64_t kSample = 1 << 16;
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash(XXH3_createState(),
                                                                             XXH3_freeState);
  XXH3_64bits_reset(hash.get());
  for (const StoredTensor& tensor : file.tensors()) {
    const auto add = [&](const void* data, std::size_t n) { XXH3_64bits_update(hash.get(), data, n); };
    add(tensor.name.data(), tensor.name.size());
    add(&tensor.view.dtype, sizeof tensor.view.dtype);
    add(tensor.shape.data(), tensor.shape.size() * sizeof(std::int64_t));
    const std::int64_t sample = std::min(kSample, tensor.view.bytes());
    add(tensor.view.data, static_cast<std::size_t>(sample));
    add(tensor.view.data + tensor.view.bytes() - sample, static_cast<std::size_t>(sample));
  }
  return XXH3_64bits_digest(hash.get());
}

}  // namespace msrnn
