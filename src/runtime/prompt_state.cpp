#include "runtime/prompt_state.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/fail.h"
#include "policy/parse.h"

namespace msrnn {

std::optional<MultiState> make_prompt_state(const Model& model, const MultiState& narrow,
                                            std::int64_t prompt_tokens) {
  if (narrow.position() != 0) {
    fail_usage("only the first tokens of a sequence can be read at once, but {} were read before",
               narrow.position());
  }
  int smallest = narrow.capacity(0), largest = smallest;
  for (int layer = 1; layer < narrow.n_layers(); ++layer) {
    smallest = std::min(smallest, narrow.capacity(layer));
    largest = std::max(largest, narrow.capacity(layer));
  }
  StateOptions wide = narrow.options();
  if (prompt_tokens <= smallest || !bounded(parse_policy(wide.policy))) return std::nullopt;
  if (!std::in_range<int>(prompt_tokens)) fail_usage("a prompt of {} tokens is too long", prompt_tokens);
  wide.layer_capacities.clear();
  wide.capacity = std::max(static_cast<int>(prompt_tokens), largest);
  return MultiState(model, wide);
}

}  // namespace msrnn
