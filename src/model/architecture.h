// What distinguishes one family of models from another, as data: how its files name things.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/model.h"

#include "backend/backend.h"
#include "formats/weight_file.h"

namespace msrnn {

// Names of one layer's tensors, "blk.{}.attn_q.weight" with {} for the layer.
struct LayerNames {
  std::string_view attention_norm, q, k, v, attention_output, ffn_norm, gate, up, down;
};

struct TensorNames {
  std::string_view embedding, output_norm;
  std::string_view output;  // missing in a file: the embedding serves as output matrix
  LayerNames layer;
};

struct Architecture {
  std::string_view name;  // general.architecture
  // Reads and validates the configuration. Throws Error naming the key that is missing or impossible.
  ModelConfig (*read_config)(const Metadata& metadata);
  TensorNames tensors;
  Rope::Pairs rope_pairs;
  Activation activation;
};

// Throws Error naming the architectures there are.
const Architecture& find_architecture(std::string_view name);

extern const Architecture kLlama;

}  // namespace msrnn
