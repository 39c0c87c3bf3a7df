// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/token.h"

namespace MSRNN_API msrnn {

// Applied in this order: repetition penalty, temperature, top-k, top-p, min-p, draw.
struct SamplerOptions {
  float temperature = 0;  // 0: greedy, the most likely token; of equals the smallest id
  int top_k = 0;          // keep the k most likely; 0: all
  float top_p = 1;        // keep the most likely until their sum reaches p
  float min_p = 0;        // keep those at least min_p times as likely as the most likely
  float repetition_penalty =
      1;  // divides positive, multiplies negative logits of recent tokens (arXiv 1909.05858)
  int repetition_window = 64;  // tokens that count as recent
  std::uint64_t seed = 0;
};

class Sampler {
 public:
  // Throws UsageError for options outside their range.
  explicit Sampler(const SamplerOptions& options);

  // logits: [vocabulary], not changed; a token of −inf is never chosen. Deterministic given the options and
  // the calls before. Throws Error for NaN, +inf, or if no token is possible.
  Token sample(std::span<const float> logits);
  // A token of the text, read or generated: counts for the repetition penalty.
  void accept(Token token);

  const SamplerOptions& options() const { return options_; }

 private:
  struct Candidate {
    Token token;
    float value;  // logit, then probability
  };

  SamplerOptions options_;
  std::mt19937_64 random_;
  std::vector<Token> recent_;  // ring of repetition_window tokens
  std::size_t next_recent_ = 0;
  std::vector<Candidate> candidates_;
};

}  // namespace msrnn
