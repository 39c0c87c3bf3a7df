#include "model/weights.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/fail.h"

namespace msrnn {
namespace {

// Loads tensors of one file to one device.
class Loader {
 public:
  Loader(const WeightFile& file, const ModelConfig& config, Backend& backend)
      : file_(file), config_(config), backend_(backend) {}

  WeightPtr matrix(std::string_view name, std::int64_t rows, std::int64_t cols) {
    return backend_.prepare(file_.require(name, {rows, cols}));
  }

  NormWeights norm(std::string_view name) {
    const TensorView gain = file_.require(name, {config_.width});
    if (gain.dtype != DType::f32) fail("tensor {}: expected f32, found {}", name, traits(gain.dtype).name);
    return {backend_.prepare(gain), config_.norm_epsilon};
  }

  LayerWeights layer(const LayerNames& names, int l) {
    const auto named = [l](std::string_view pattern) { return fmt::format(fmt::runtime(pattern), l); };
    const std::int64_t width = config_.width, q_width = std::int64_t{config_.n_heads} * config_.head_dim,
                       kv_width = std::int64_t{config_.n_kv_heads} * config_.head_dim,
                       ffn_width = config_.ffn_width;
    return {.attention = {.norm = norm(named(names.attention_norm)),
                          .q = matrix(named(names.q), q_width, width),
                          .k = matrix(named(names.k), kv_width, width),
                          .v = matrix(named(names.v), kv_width, width)},
            .attention_output = matrix(named(names.attention_output), width, q_width),
            .ffn = {.norm = norm(named(names.ffn_norm)),
                    .gate = matrix(named(names.gate), ffn_width, width),
                    .up = matrix(named(names.up), ffn_width, width),
                    .down = matrix(named(names.down), width, ffn_width)}};
  }

 private:
  const WeightFile& file_;
  const ModelConfig& config_;
  Backend& backend_;
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
  weights.head.norm = loader.norm(names.output_norm);
  const bool tied = file.find(names.output) == nullptr;
  weights.head.output =
      tied ? weights.embedding : loader.matrix(names.output, config.vocabulary, config.width);
  return weights;
}

std::size_t ModelWeights::bytes() const {
  std::size_t bytes = head.output->bytes();
  for (const LayerWeights& layer : layers) {
    for (const WeightPtr& weight : {layer.attention.q, layer.attention.k, layer.attention.v,
                                    layer.attention_output, layer.ffn.gate, layer.ffn.up, layer.ffn.down}) {
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
