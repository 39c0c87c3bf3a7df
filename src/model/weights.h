// The weights of a model on its device.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/backend.h"
#include "model/architecture.h"

namespace msrnn {

struct LayerWeights {
  AttentionWeights attention;
  OutputProjection attention_output;  // of [n_heads · head_dim]
  FfnWeights ffn;
};

struct ModelWeights {
  WeightPtr embedding;  // [vocabulary][width]
  std::vector<LayerWeights> layers;
  HeadWeights head;

  // What one decoded token reads.
  std::size_t bytes() const;
};

// Takes all tensors over to the device. Throws Error where one is missing, has another shape than the config
// says, or is none of the architecture's. config.vocabulary is taken from the embedding.
ModelWeights load_weights(const WeightFile& file, const Architecture& architecture, ModelConfig& config,
                          Backend& backend);

// Of names, types, shapes and a sample of every tensor's bytes.
std::uint64_t fingerprint(const WeightFile& file);

}  // namespace msrnn
