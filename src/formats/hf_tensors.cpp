#include "formats/hf_tensors.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/fail.h"

namespace msrnn {
namespace {

struct Name {
  std::string_view hf, gguf;
};

constexpr Name kModelNames[] = {
    {"embed_tokens", "token_embd"},
    {"norm", "output_norm"},
};

constexpr Name kLayerNames[] = {
    {"input_layernorm", "attn_norm"},    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
    {"self_attn.qkv_proj", "attn_qkv"},  {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
    {"mlp.gate_up_proj", "ffn_up"},      {"mlp.down_proj", "ffn_down"},
};

constexpr Name kNormsBefore[] = {
    {"post_attention_layernorm", "ffn_norm"},
};

constexpr Name kNormsAround[] = {
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};

std::string_view find_name(std::span<const Name> names, std::string_view hf) {
  const auto found = std::ranges::find(names, hf, &Name::hf);
  return found == names.end() ? std::string_view() : found->gguf;
}

bool remove_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "3.self_attn.q_proj" → "blk.3.attn_q", or an empty text.
std::string layer_name(std::string_view name, const HfConfig& config) {
  std::int64_t layer = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  const auto n_digits = static_cast<std::size_t>(end - name.data());
  const bool canonical = error == std::errc() && name.substr(0, n_digits) == std::to_string(layer);
  if (!canonical || layer < 0 || layer >= config.n_layers || !name.substr(n_digits).starts_with('.'))
    return {};
  name.remove_prefix(n_digits + 1);
  std::string_view gguf = find_name(kLayerNames, name);
  if (gguf.empty()) {
    gguf = config.norms == BlockNorms::around ? find_name(kNormsAround, name) : find_name(kNormsBefore, name);
  }
  return gguf.empty() ? std::string() : fmt::format("blk.{}.{}", layer, gguf);
}

bool is_no_text_decoder(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"vision_tower.", "multi_modal_projector.", "model.vision_tower.",
                                            "model.multi_modal_projector."};
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::optional<std::string> gguf_tensor_name(std::string_view name, const HfConfig& config,
                                            std::string_view source) {
  if (name.ends_with(".rotary_emb.inv_freq") || is_no_text_decoder(name)) return std::nullopt;
  const auto refuse = [&, whole = name]() {
    fail("{}: the tensor {} is not one of a supported model with {} layers", source, whole, config.n_layers);
  };
  std::string_view stem = name;
  const std::size_t dot = stem.rfind('.');
  const std::string_view suffix = dot == std::string_view::npos ? std::string_view() : stem.substr(dot);
  if (suffix != ".weight" && suffix != ".bias") refuse();
  stem.remove_suffix(suffix.size());

  remove_prefix(stem, "language_model.");
  if (stem == "lm_head") {
    if (config.tied_embeddings) return std::nullopt;
    return fmt::format("output{}", suffix);
  }
  if (!remove_prefix(stem, "model.")) refuse();
  remove_prefix(stem, "language_model.");
  std::string gguf(find_name(kModelNames, stem));
  if (gguf.empty() && remove_prefix(stem, "layers.")) gguf = layer_name(stem, config);
  if (gguf.empty()) refuse();
  return fmt::format("{}{}", gguf, suffix);
}

}  // namespace msrnn
