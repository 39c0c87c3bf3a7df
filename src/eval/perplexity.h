// Perplexity: how surprised the model is by a text it reads, exp of the mean negative log-likelihood of its
// tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "eval/prompt_mode.h"

namespace msrnn {

struct PerplexityProgress {
  std::int64_t chunk = 0, n_chunks = 0;  // of the text; chunk counts from 0
  std::int64_t tokens_read = 0, tokens_total = 0;
  std::int64_t tokens_scored = 0;
  double nll_sum = 0;  // nats
};

struct PerplexityOptions {
  std::int64_t context = 4096;  // tokens of a chunk; the state is empty at the start of each. 0: one chunk
  std::int64_t skip = 0;        // the first 1 + skip tokens of a chunk are read but not scored
  std::int64_t chunks = 0;      // at most this many; 0: all
  bool full_chunks = false;     // a shorter last chunk is left out
  // Takes the place of each chunk's first token: BOS, for models that expect every text to begin with it.
  std::optional<Token> first_token = {};
  // With last_query the first 1 + skip tokens of a chunk are the prompt.
  PromptMode prompt_mode = PromptMode::per_step;
  int block = 256;
  std::function<void(const PerplexityProgress&)> progress;  // called after every block
};

struct ChunkLoss {
  std::int64_t tokens = 0;  // scored
  double nll_sum = 0;       // nats
};

struct PerplexityResult {
  std::int64_t tokens = 0;  // scored
  std::int64_t tokens_read = 0;
  std::vector<ChunkLoss> chunks;
  double nll_sum = 0;  // nats
  double seconds = 0;
  std::size_t state_bytes = 0;  // the most the state held

  double mean_nll() const { return nll_sum / static_cast<double>(tokens); }
  double perplexity() const;
};

// Throws UsageError where the text is too short to score a single token.
PerplexityResult measure_perplexity(const Model& model, const StateOptions& state,
                                    std::span<const Token> tokens, const PerplexityOptions& options = {});

}  // namespace msrnn
