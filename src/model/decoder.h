// The decoder: a stack of blocks through which a ragged batch of tokens goes.
#pragma once

#include <span>
#include <vector>

#include "msrnn/model.h"

#include "backend/backend.h"
#include "model/ropes.h"
#include "model/weights.h"

namespace msrnn {

// Activations of one forward pass: memory of the device, used again by the next pass.
class Workspace {
 public:
  // Makes the tensors below have this many rows. Their content is lost.
  void require(const ModelConfig& config, std::int64_t rows, Backend& backend);

  Tensor x;          // [rows][width]: the residual stream
  Qkv qkv;           // [rows][heads · head_dim]
  Tensor attention;  // [rows][n_heads · head_dim]
  std::vector<std::int32_t> rotations;
  std::vector<AttentionJob> jobs;

 private:
  Buffer memory_;
};

// What a decoder is made of; nothing in it changes.
struct Decoder {
  const ModelConfig& config;
  const ModelWeights& weights;
  const ModelRopes& ropes;
  Activation activation;
  Backend& backend;

  // Rows of `tokens` go through all layers, into the segments' states, and out as logits.
  void forward(std::span<const Token> tokens, std::span<const Segment> segments, std::span<float> logits,
               const ForwardOptions& options, Workspace& workspace) const;
};

}  // namespace msrnn
