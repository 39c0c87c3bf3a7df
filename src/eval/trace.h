// What a state did while it read a text: the loss of every token, which token was dropped at every step, and
// what was left.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "eval/prompt_mode.h"

namespace msrnn {

struct TraceOptions {
  int block = 256;
  std::int64_t prompt_tokens = 0;  // the first tokens, read as prompt_mode says; 0: there is no prompt
  PromptMode prompt_mode = PromptMode::per_step;
  std::function<void(std::int64_t done, std::int64_t total)> progress;
};

struct Trace {
  std::int64_t tokens = 0, layers = 0;
  std::int64_t lanes = 0;             // kept sets of a layer
  std::int64_t kept_width = 0;        // tokens the largest layer may keep; with an unbounded policy, all
  std::vector<float> nll;             // [tokens − 1], nats; of token i + 1 given tokens 0 … i
  std::vector<std::int32_t> victims;  // [layers][lanes][tokens], position dropped after each token, −1: none
  std::vector<std::int32_t> kept;     // [layers][lanes][kept_width], ascending, −1 where fewer are kept
  std::vector<std::int32_t> kept_prompt;  // the same right after the prompt; empty without prompt_tokens
};

// The state must be empty; it may hold pins. Throws UsageError for fewer than 2 tokens.
Trace trace(const Model& model, MultiState& state, std::span<const Token> tokens,
            const TraceOptions& options = {});

}  // namespace msrnn
