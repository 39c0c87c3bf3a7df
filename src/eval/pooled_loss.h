// Perplexities of many scored pieces of text taken together, and how sure they are.
#pragma once

#include <cstdint>
#include <span>

#include <nlohmann/json.hpp>

namespace msrnn {

struct Loss {
  std::int64_t tokens = 0;  // scored
  std::int64_t bytes = 0;   // of these tokens
  double nll_sum = 0;       // nats

  Loss& operator+=(const Loss& other);
};

// "tokens", "bytes" and "nll_sum", and back.
void write_loss(nlohmann::ordered_json& object, const Loss& loss);
Loss read_loss(const nlohmann::ordered_json& object);

Loss pool(std::span<const Loss> losses);

// exp(Σ nll / Σ tokens). At least one token.
double perplexity(const Loss& loss);

// Writes "parts" and the sums, "perplexity" with its 95 % interval "low" and "high" by resampling the losses,
// and "bits_per_byte". At least one loss; of a single one there is no interval.
void write_pooled(nlohmann::ordered_json& object, std::span<const Loss> losses);

// Writes by how much the perplexity is above that of `others`, losses of the same pieces of text in the same
// order: "above_full" with its 95 % interval "above_full_low" and "above_full_high", by resampling pairs,
// if there are two or more.
void write_distance(nlohmann::ordered_json& object, std::span<const Loss> losses,
                    std::span<const Loss> others);

}  // namespace msrnn
