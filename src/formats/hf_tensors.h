// Names of tensors in Hugging Face checkpoints, and what GGUF calls them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/hf_config.h"

namespace msrnn {

// "blk.3.attn_q.weight" for "model.layers.3.self_attn.q_proj.weight"; nothing for tensors that a decoder of
// text does not need (stored rotary frequencies, an output matrix where the embedding serves, what looks at
// images). Throws Error for all others: a tensor that is not known is one that would be left out.
std::optional<std::string> gguf_tensor_name(std::string_view name, const HfConfig& config,
                                            std::string_view source);

}  // namespace msrnn
