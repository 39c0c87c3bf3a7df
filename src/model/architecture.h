// What distinguishes one family of models from another, as data: how its files name things, and what little
// its block does differently.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/model.h"

#include "backend/backend.h"
#include "formats/weight_file.h"

namespace msrnn {

// Names of one layer's tensors, "blk.{}.attn_q.weight" with {} for the layer. Empty: the family has none.
struct LayerNames {
  std::string_view attention_norm = "blk.{}.attn_norm.weight";
  std::string_view q = "blk.{}.attn_q.weight", k = "blk.{}.attn_k.weight", v = "blk.{}.attn_v.weight";
  std::string_view qkv = {};  // in place of those: their rows, one after the other
  std::string_view q_bias = {}, k_bias = {}, v_bias = {};
  std::string_view q_norm = {}, k_norm = {};  // of each head
  std::string_view attention_output = "blk.{}.attn_output.weight";
  std::string_view attention_output_norm = {};  // of what attention adds to the residual stream
  std::string_view ffn_norm = "blk.{}.ffn_norm.weight";
  std::string_view gate = "blk.{}.ffn_gate.weight", up = "blk.{}.ffn_up.weight";
  std::string_view gate_up = {};  // in place of those
  std::string_view down = "blk.{}.ffn_down.weight";
  std::string_view down_norm = {};  // of what the feed-forward network adds
};

struct TensorNames {
  std::string_view embedding = "token_embd.weight", output_norm = "output_norm.weight";
  std::string_view output = "output.weight";  // missing in a file: the embedding serves as output matrix
  LayerNames layer = {};
};

// What files of the family leave unsaid.
struct ConfigDefaults {
  // Of each so many layers the last sees all, the others a window; 0: where a window is given all layers have
  // it.
  int sliding_period = 0;
  double sliding_rope_base = 0;  // as RopeConfig has it
  float attention_soft_cap = 0, logits_soft_cap = 0;
  float (*embedding_scale)(const ModelConfig&) = nullptr;  // 1
  float (*attention_scale)(const ModelConfig&) = nullptr;  // 1 / √head_dim
};

struct Architecture {
  std::string_view name;  // general.architecture; metadata keys begin with it
  TensorNames tensors = {};
  Rope::Pairs rope_pairs = Rope::Pairs::halves;  // as GGUF files of the family have rows
  Activation activation = Activation::silu;
  ConfigDefaults defaults = {};
};

// Throws Error naming the architectures there are.
const Architecture& find_architecture(std::string_view name);

// Reads and validates the configuration; all but the vocabulary, which the embedding tells. Throws Error
// naming the key that is missing or impossible.
ModelConfig read_config(const Metadata& metadata, const Architecture& architecture);

extern const Architecture kLlama, kQwen2, kQwen3, kGemma2, kGemma3, kPhi3;

}  // namespace msrnn
