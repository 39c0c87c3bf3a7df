// What a model that forgets nothing attends to, and how much of that a bounded state no longer has.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/model.h"

#include "eval/kept_tokens.h"

namespace msrnn {

// The probabilities of one token's queries in one layer, where every token before it is kept.
struct AttentionRow {
  std::int64_t layer = 0, token = 0;
  // [n_kv_heads][token + 1], each the mean over the query heads that read the KV head; 0 for tokens outside
  // the window of layers that slide.
  std::span<const float> p;
};

struct FullAttentionOptions {
  int block = 256;
  std::string type = "f16";  // of stored keys and values
  // After every block; may throw to stop.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
};

// Reads the text with the policy "full" and hands out every row. Work grows with the square of the text:
// layers · heads · tokens² / 2 dot products besides the reading. `row` is called from several threads at
// once, for rows of one layer that differ, and must not throw.
void read_with_full_attention(const Model& model, std::span<const Token> tokens,
                              const FullAttentionOptions& options,
                              const std::function<void(const AttentionRow&)>& row);

// For each of several states that read the same text: [layers][tokens], the full-attention probability of the
// tokens that the state had dropped before the step, a mean over heads. 0 until something is dropped.
std::vector<std::vector<float>> attention_lost(const Model& model, std::span<const Token> tokens,
                                               std::span<const KeptTokens> kept,
                                               const FullAttentionOptions& options = {});

}  // namespace msrnn
