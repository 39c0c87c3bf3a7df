// How the first tokens of a text, its prompt, go into a bounded state.
#pragma once

#include <cstdint>

namespace msrnn {

enum class PromptMode : std::uint8_t {
  per_step,    // like all others: one selection a step (the paper's definition)
  last_query,  // with full attention, then one selection by the last token's query (the published TOVA code)
};

}  // namespace msrnn
