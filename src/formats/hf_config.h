// The configuration of a Hugging Face checkpoint, config.json, in the terms of GGUF: what architectures read
// is named as it is there, whatever the file is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/weight_file.h"

namespace msrnn {

// Numbers that GGUF files hold as a tensor, computed from the configuration.
struct ComputedVector {
  std::string name;
  std::vector<float> values;
};

// Where a block has its norms, which decides what their names mean.
enum class BlockNorms : std::uint8_t {
  before,  // attention and feed-forward network: post_attention_layernorm is the network's
  around,  // a norm before and one after each, as in Gemma 2 and 3
};

struct HfConfig {
  Metadata metadata;
  std::vector<ComputedVector> rope_factors;  // rope_freqs.weight, or rope_factors_{long,short}.weight
  std::int64_t n_layers = 0, vocabulary = 0;
  bool tied_embeddings = false;  // the embedding serves as output matrix, whatever the files hold
  BlockNorms norms = BlockNorms::before;
  float norm_offset = 0;  // a norm multiplies by this much more than the files say
};

// Metadata keys beyond those that llama.cpp's converter writes:
//   msrnn.rope.pairs = "halves": the rows of queries and keys are not permuted, as they are in GGUF files of
//   the
//     architecture llama; numbers i and i + d/2 of a head turn together.
//   X.attention.sliding_window, also for Mistral (architecture llama), and X.attention.sliding_window_pattern
//     where some layers only slide: an integer p, every p-th layer does not; or an array, 1 for a layer that
//     does.
//   X.attention.scale: what scores are multiplied by, where it is not 1/sqrt(head size).
//   X.rope.scaling.type = "dynamic" with factor and original_context_length.
//   X.rope.freq_base_swa: of the layers that slide.
// Throws Error, naming source and key, where something is missing or impossible, or asked for and not
// supported.
HfConfig read_hf_config(std::string_view json, std::string_view source);

}  // namespace msrnn
