// The rotary embedding of a Hugging Face configuration: its base, and how it is stretched to longer texts.
#pragma once

#include <cstdint>
#include <string>

#include "formats/hf_config.h"
#include "formats/json_text.h"

namespace msrnn {

struct RopeShape {
  std::int64_t dimensions = 0;  // numbers of a head that turn
  std::int64_t context = 0;     // longest text of the model
};

// How many numbers of a head turn.
std::int64_t rotary_dimensions(const JsonObject& config, std::int64_t head_dim);

// Adds ARCHITECTURE.rope.* to the metadata and the tensors that go with it. Both spellings are read:
// rope_theta and rope_scaling, and the rope_parameters of transformers 5, which may differ by kind of layer.
void read_rope(const JsonObject& config, const std::string& architecture, const RopeShape& shape,
               HfConfig& out);

}  // namespace msrnn
