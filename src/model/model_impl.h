// What a Model holds.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "msrnn/model.h"

#include "formats/weight_file.h"
#include "model/decoder.h"
#include "state/state_data.h"

namespace msrnn {

struct Model::Impl {
  std::unique_ptr<WeightFile> file;  // weights may read from its mapping
  std::shared_ptr<Backend> backend;
  const Architecture* architecture = nullptr;
  ModelConfig config;
  ModelWeights weights;
  ModelRopes ropes;
  std::uint64_t fingerprint = 0;

  mutable std::mutex pass;  // held during a forward pass: device and workspace serve one at a time
  mutable Workspace workspace;

  Decoder decoder() const { return {config, weights, ropes, architecture->activation, *backend}; }
  StateShape state_shape() const {
    return {config.n_layers, config.n_kv_heads, config.head_dim, fingerprint};
  }
};

}  // namespace msrnn
