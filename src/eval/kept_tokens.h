// What a bounded state keeps of a text, token by token: its life is the step that dropped each token.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

namespace msrnn {

// Step t reads token t, attends, and then drops at most one token, which may be t itself.
struct KeptTokens {
  static constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();

  std::int64_t tokens = 0, layers = 0;
  std::int64_t lanes = 0;                // kept sets of a layer
  std::vector<std::int32_t> dropped_at;  // [layers][lanes][tokens]: a step, or kNever: kept to the end

  std::int64_t sets() const { return layers * lanes; }
  std::span<const std::int32_t> set(std::int64_t i) const {
    return std::span(dropped_at)
        .subspan(static_cast<std::size_t>(i * tokens), static_cast<std::size_t>(tokens));
  }
};

struct KeptTokensOptions {
  int block = 256;  // tokens of a forward pass; changes speed, never the result
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};  // may throw to stop
};

// Reads the text into an empty state of these options. Throws UsageError for a text without tokens.
KeptTokens read_and_watch(const Model& model, const StateOptions& state, std::span<const Token> tokens,
                          const KeptTokensOptions& options = {});

// Steps in which each token is attended, its own among them, as a mean over layers and lanes: [tokens].
// Tokens that are kept live to the end of the text. Their sum over all tokens follows from the sizes of text
// and state alone: a policy decides only who gets the steps.
std::vector<double> survival(const KeptTokens& kept);

// Of what is kept after each step, the share that is among the last `size` tokens read, as a mean over layers
// and lanes: [tokens]. 1 until something is dropped, and for policies that keep the latest tokens.
std::vector<double> recent_share(const KeptTokens& kept, std::int64_t size);

// The same after the last step, layer by layer: [layers].
std::vector<double> final_recent_share(const KeptTokens& kept, std::int64_t size);

// The share of each layer's lanes that still have the first token after the last step: [layers].
std::vector<double> first_token_kept(const KeptTokens& kept);

}  // namespace msrnn
