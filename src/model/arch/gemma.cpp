// Gemma 2 (arXiv 2408.00118) and 3 (2503.19786): norms before and after each half of the block, GELU, scaled
// embeddings, layers that see a window between layers that see all. Gemma 2 caps scores and logits; Gemma 3
// norms query and key heads instead, and turns faster where it slides.
#include <cmath>

#include "model/architecture.h"

namespace msrnn {
namespace {

float square_root_of_width(const ModelConfig& config) { return std::sqrt(static_cast<float>(config.width)); }

// The 27B models divide by the width of a head as if heads shared the stream; no key of a GGUF file says so.
float attention_scale(const ModelConfig& config, int layers_of_27b) {
  const int head = config.n_layers == layers_of_27b ? config.width / config.n_heads : config.head_dim;
  return 1 / std::sqrt(static_cast<float>(head));
}

constexpr LayerNames kGemma2Layer = {.attention_output_norm = "blk.{}.post_attention_norm.weight",
                                     .down_norm = "blk.{}.post_ffw_norm.weight"};
constexpr LayerNames kGemma3Layer = {.q_norm = "blk.{}.attn_q_norm.weight",
                                     .k_norm = "blk.{}.attn_k_norm.weight",
                                     .attention_output_norm = kGemma2Layer.attention_output_norm,
                                     .down_norm = kGemma2Layer.down_norm};

}  // namespace

const Architecture kGemma2 = {
    .name = "gemma2",
    .tensors = {.layer = kGemma2Layer},
    .activation = Activation::gelu_tanh,
    .defaults = {.sliding_period = 2,
                 .attention_soft_cap = 50,
                 .logits_soft_cap = 30,
                 .embedding_scale = square_root_of_width,
                 .attention_scale = [](const ModelConfig& config) { return attention_scale(config, 46); }}};

const Architecture kGemma3 = {
    .name = "gemma3",
    .tensors = {.layer = kGemma3Layer},
    .activation = Activation::gelu_tanh,
    .defaults = {.sliding_period = 6,
                 .sliding_rope_base = 10000,
                 .embedding_scale = square_root_of_width,
                 .attention_scale = [](const ModelConfig& config) { return attention_scale(config, 62); }}};

}  // namespace msrnn
