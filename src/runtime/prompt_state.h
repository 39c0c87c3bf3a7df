// Reading a prompt with full attention and then selecting once (prompt mode "last-query").
#pragma once

#include <cstdint>
#include <optional>

#include "msrnn/model.h"
#include "msrnn/state.h"

namespace msrnn {

// An empty state wide enough for the whole prompt, from which `narrow` then selects; none where narrow has
// room itself, so that reading into it drops nothing. Throws UsageError if narrow is not empty.
std::optional<MultiState> make_prompt_state(const Model& model, const MultiState& narrow,
                                            std::int64_t prompt_tokens);

}  // namespace msrnn
