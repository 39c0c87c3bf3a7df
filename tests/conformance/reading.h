// Reading tokens through a model, with all that can be seen of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "support/tiny_model.h"

namespace msrnn::testing {

// The tiny model on a device, with heads that every state type can hold; the same object every time.
const Model& tiny_model(const std::string& device, int threads = 1, GgufTensor type = GgufTensor::f32);

// Pseudo-random tokens of the tiny vocabulary.
std::vector<Token> random_tokens(int count, unsigned seed = 1);

struct Reading {
  std::vector<float> logits;  // [tokens][vocabulary]
  // By layer and lane: the position dropped after each token, −1 for none.
  std::vector<std::vector<std::int32_t>> victims;

  bool operator==(const Reading&) const = default;
};

// Reads the tokens in blocks of these sizes, the last of which repeats until the end.
Reading read(const Model& model, MultiState& state, const std::vector<Token>& tokens,
             const std::vector<int>& blocks = {16});

// Appends what was read after it.
void append(Reading& reading, const Reading& next);

// What each layer and lane remembers.
std::vector<std::vector<std::int32_t>> kept(const MultiState& state);

// The largest difference between two lists of the same length.
float largest_difference(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace msrnn::testing
