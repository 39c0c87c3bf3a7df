// A text being read and written: a state, the logits after its last token, and the tokens to come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/model.h"
#include "msrnn/state.h"

namespace MSRNN_API msrnn {

struct ReadOptions {
  int block = 256;  // tokens a forward pass reads at once; changes speed and scratch memory, never the result
  // Called after every block with the number of tokens read of all; false stops there.
  std::function<bool(std::int64_t done, std::int64_t total)> progress = {};
};

// The model must outlive it.
class Sequence {
 public:
  Sequence(const Model& model, const StateOptions& options);
  Sequence(const Model& model, MultiState state);

  // Reads tokens; logits() are then those after the last. Returns how many were read: fewer if progress said
  // stop.
  std::int64_t read(std::span<const Token> tokens, const ReadOptions& options = {});
  // The first tokens of a sequence, read with full attention and then selected once (prompt mode
  // "last-query"). Memory grows with the prompt. Throws UsageError if something was read before.
  std::int64_t read_prompt_at_once(std::span<const Token> tokens, const ReadOptions& options = {});

  // [vocabulary], after the last token read. Empty before the first, and after a read() that threw.
  std::span<const float> logits() const { return logits_; }
  const Model& model() const { return *model_; }
  MultiState& state() { return state_; }
  const MultiState& state() const { return state_; }
  Sequence clone() const;

 private:
  friend void read_batch(std::span<Sequence* const> sequences, std::span<const Token> tokens);

  const Model* model_;
  MultiState state_;
  std::vector<float> logits_;
};

// Reads one token into each of several sequences in one forward pass; weights are read once for all. The
// result is the same as reading them one by one. Throws UsageError unless all are of one model, each is there
// once, and there is a token for each.
void read_batch(std::span<Sequence* const> sequences, std::span<const Token> tokens);

}  // namespace msrnn
