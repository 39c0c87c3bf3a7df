// From metadata, in the keys of GGUF, to a ModelConfig.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "model/architecture.h"

namespace msrnn {
namespace {

constexpr int kMostLayers = 1 << 16;  // so that a wrong number claims no memory

// The keys of one architecture: "llama." + key.
class Keys {
 public:
  Keys(const Metadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(fmt::format("{}.", architecture)) {}

  std::string name(std::string_view key) const { return prefix_ + std::string(key); }
  bool has(std::string_view key) const { return metadata_.has(name(key)); }
  const Metadata::Value& value(std::string_view key) const {
    return metadata_.values().find(name(key))->second;
  }

  int positive(std::string_view key) const {
    const std::int64_t value = metadata_.integer(name(key));
    if (value < 1 || value > std::numeric_limits<int>::max()) {
      fail("{}: expected a positive number, found {}", name(key), value);
    }
    return static_cast<int>(value);
  }
  int positive_or(std::string_view key, int fallback) const { return has(key) ? positive(key) : fallback; }

  double positive_number_or(std::string_view key, double fallback) const {
    const double value = metadata_.number_or(name(key), fallback);
    if (!(std::isfinite(value) && value > 0)) {
      fail("{}: expected a positive number, found {}", name(key), value);
    }
    return value;
  }
  // 0 stands for none.
  float cap_or(std::string_view key, float fallback) const {
    const double value = metadata_.number_or(name(key), static_cast<double>(fallback));
    if (!(std::isfinite(value) && value >= 0)) fail("{}: expected a cap, found {}", name(key), value);
    return static_cast<float>(value);
  }
  std::string text_or(std::string_view key, std::string fallback) const {
    return metadata_.text_or(name(key), std::move(fallback));
  }

 private:
  const Metadata& metadata_;
  std::string prefix_;
};

void read_sizes(const Keys& keys, ModelConfig& config) {
  config.n_layers = keys.positive("block_count");
  if (config.n_layers > kMostLayers) {
    fail("{}: expected at most {}, found {}", keys.name("block_count"), kMostLayers, config.n_layers);
  }
  config.width = keys.positive("embedding_length");
  config.n_heads = keys.positive("attention.head_count");
  config.n_kv_heads = keys.positive_or("attention.head_count_kv", config.n_heads);
  if (!keys.has("attention.key_length") && config.width % config.n_heads != 0) {
    fail("{}: expected a divisor of the width {}, found {}", keys.name("attention.head_count"), config.width,
         config.n_heads);
  }
  config.head_dim = keys.positive_or("attention.key_length", std::max(1, config.width / config.n_heads));
  config.ffn_width = keys.positive("feed_forward_length");
  config.context_length = keys.positive("context_length");
  config.norm_epsilon = static_cast<float>(keys.positive_number_or("attention.layer_norm_rms_epsilon", 1e-5));
  if (!(config.norm_epsilon < 1)) {
    fail("{}: expected less than 1, found {}", keys.name("attention.layer_norm_rms_epsilon"),
         config.norm_epsilon);
  }
  if (config.n_heads % config.n_kv_heads != 0) {
    fail("{}: expected a multiple of the {} KV heads, found {}", keys.name("attention.head_count"),
         config.n_kv_heads, config.n_heads);
  }
  if (keys.positive_or("attention.value_length", config.head_dim) != config.head_dim) {
    fail("{}: expected {}, the size of a key", keys.name("attention.value_length"), config.head_dim);
  }
}

void read_rope(const Keys& keys, const ConfigDefaults& defaults, ModelConfig& config) {
  RopeConfig& rope = config.rope;
  rope.base = keys.positive_number_or("rope.freq_base", 10000);
  rope.sliding_base = defaults.sliding_rope_base;
  if (keys.has("rope.freq_base_swa")) rope.sliding_base = keys.positive_number_or("rope.freq_base_swa", 1);
  rope.dimensions = keys.positive_or("rope.dimension_count", config.head_dim);
  if (rope.dimensions % 2 != 0 || rope.dimensions > config.head_dim) {
    fail("{}: expected an even number up to the head size {}, found {}", keys.name("rope.dimension_count"),
         config.head_dim, rope.dimensions);
  }
  rope.scaling = keys.text_or("rope.scaling.type", "none");
  constexpr std::string_view kKnown[] = {"none", "linear", "dynamic", "yarn", "longrope"};
  if (std::ranges::find(kKnown, rope.scaling) == std::end(kKnown)) {
    fail("{}: \"{}\" is not supported; there are: {}", keys.name("rope.scaling.type"), rope.scaling,
         fmt::join(kKnown, ", "));
  }
  rope.factor = keys.positive_number_or("rope.scaling.factor", 1);
  rope.original_context = keys.positive_or("rope.scaling.original_context_length", config.context_length);
  rope.beta_fast = keys.positive_number_or("rope.scaling.yarn_beta_fast", 32);
  rope.beta_slow = keys.positive_number_or("rope.scaling.yarn_beta_slow", 1);
  rope.amplitude = keys.positive_number_or("rope.scaling.attn_factor", 1);
  if (rope.scaling == "yarn") rope.amplitude *= 1 + 0.1 * std::log(std::max(rope.factor, 1.0));
}

// By period, or layer by layer.
void read_window(const Keys& keys, const ConfigDefaults& defaults, ModelConfig& config) {
  constexpr std::string_view kPattern = "attention.sliding_window_pattern";
  config.slides.assign(static_cast<std::size_t>(config.n_layers), false);
  if (!keys.has("attention.sliding_window")) return;
  config.sliding_window = keys.positive("attention.sliding_window");
  if (keys.has(kPattern) && std::holds_alternative<std::vector<std::int64_t>>(keys.value(kPattern))) {
    const auto& slides = std::get<std::vector<std::int64_t>>(keys.value(kPattern));
    if (std::ssize(slides) != config.n_layers) {
      fail("{}: expected {} numbers, one a layer, found {}", keys.name(kPattern), config.n_layers,
           slides.size());
    }
    std::transform(slides.begin(), slides.end(), config.slides.begin(),
                   [](std::int64_t s) { return s != 0; });
    return;
  }
  const int period = keys.positive_or(kPattern, defaults.sliding_period);
  for (int l = 0; l < config.n_layers; ++l) {
    config.slides[static_cast<std::size_t>(l)] = period == 0 || (l + 1) % period != 0;
  }
}

}  // namespace

ModelConfig read_config(const Metadata& metadata, const Architecture& architecture) {
  const Keys keys(metadata, architecture.name);
  const ConfigDefaults& defaults = architecture.defaults;
  ModelConfig config;
  config.architecture = architecture.name;
  config.name = metadata.text_or("general.name", "");
  read_sizes(keys, config);
  read_rope(keys, defaults, config);
  read_window(keys, defaults, config);
  config.attention_soft_cap = keys.cap_or("attn_logit_softcapping", defaults.attention_soft_cap);
  config.logits_soft_cap = keys.cap_or("final_logit_softcapping", defaults.logits_soft_cap);
  if (defaults.embedding_scale != nullptr) config.embedding_scale = defaults.embedding_scale(config);
  const float scale = defaults.attention_scale != nullptr
                          ? defaults.attention_scale(config)
                          : 1 / std::sqrt(static_cast<float>(config.head_dim));
  config.attention_scale =
      static_cast<float>(keys.positive_number_or("attention.scale", static_cast<double>(scale)));
  return config;
}

}  // namespace msrnn
