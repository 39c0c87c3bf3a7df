// The Llama family: RMS norm, rotary embedding, grouped-query attention, SwiGLU, output matrix tied or not
// (arXiv 2302.13971, 2307.09288). Mistral and Yi files name this architecture too.
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "model/architecture.h"

namespace msrnn {
namespace {

int positive(std::string_view key, std::int64_t value) {
  if (value < 1 || value > std::numeric_limits<int>::max())
    fail("{}: expected a positive number, found {}", key, value);
  return static_cast<int>(value);
}

int positive(const Metadata& metadata, std::string_view key) { return positive(key, metadata.integer(key)); }

int positive_or(const Metadata& metadata, std::string_view key, int fallback) {
  return positive(key, metadata.integer_or(key, fallback));
}

void refuse_rope_scaling(const Metadata& metadata) {
  const std::string type = metadata.text_or("llama.rope.scaling.type", "none");
  if (type != "none") fail("llama.rope.scaling.type: '{}' is not supported", type);
}

ModelConfig read_config(const Metadata& metadata) {
  ModelConfig config;
  config.architecture = "llama";
  config.name = metadata.text_or("general.name", "");
  config.n_layers = positive(metadata, "llama.block_count");
  config.width = positive(metadata, "llama.embedding_length");
  config.n_heads = positive(metadata, "llama.attention.head_count");
  config.n_kv_heads = positive_or(metadata, "llama.attention.head_count_kv", config.n_heads);
  config.head_dim = positive_or(metadata, "llama.attention.key_length", config.width / config.n_heads);
  config.ffn_width = positive(metadata, "llama.feed_forward_length");
  config.context_length = positive(metadata, "llama.context_length");
  config.norm_epsilon = static_cast<float>(metadata.number("llama.attention.layer_norm_rms_epsilon"));
  config.rope_base = metadata.number_or("llama.rope.freq_base", 10000.0);

  if (config.n_heads % config.n_kv_heads != 0) {
    fail("llama.attention.head_count: expected a multiple of the {} KV heads, found {}", config.n_kv_heads,
         config.n_heads);
  }
  if (metadata.integer_or("llama.attention.value_length", config.head_dim) != config.head_dim) {
    fail("llama.attention.value_length: expected {}, the size of a key", config.head_dim);
  }
  if (config.head_dim % 2 != 0 ||
      metadata.integer_or("llama.rope.dimension_count", config.head_dim) != config.head_dim) {
    fail("llama.rope.dimension_count: expected the head size {}, an even number", config.head_dim);
  }
  if (!(config.norm_epsilon > 0 && config.norm_epsilon < 1)) {
    fail("llama.attention.layer_norm_rms_epsilon: expected between 0 and 1, found {}", config.norm_epsilon);
  }
  if (!(std::isfinite(config.rope_base) && config.rope_base > 0)) {
    fail("llama.rope.freq_base: expected a positive number, found {}", config.rope_base);
  }
  refuse_rope_scaling(metadata);
  return config;
}

}  // namespace

const Architecture kLlama = {
    .name = "llama",
    .read_config = read_config,
    .tensors = {.embedding = "token_embd.weight",
                .output_norm = "output_norm.weight",
                .output = "output.weight",
                .layer = {.attention_norm = "blk.{}.attn_norm.weight",
                          .q = "blk.{}.attn_q.weight",
                          .k = "blk.{}.attn_k.weight",
                          .v = "blk.{}.attn_v.weight",
                          .attention_output = "blk.{}.attn_output.weight",
                          .ffn_norm = "blk.{}.ffn_norm.weight",
                          .gate = "blk.{}.ffn_gate.weight",
                          .up = "blk.{}.ffn_up.weight",
                          .down = "blk.{}.ffn_down.weight"}},
    .rope_pairs = Rope::Pairs::interleaved,
    .activation = Activation::silu,
};

}  // namespace msrnn
