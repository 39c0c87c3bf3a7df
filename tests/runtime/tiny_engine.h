// An engine of random weights on the reference device.
#pragma once

#include "msrnn/engine.h"

#include "support/tiny_model.h"

namespace msrnn::testing {

inline Engine tiny_engine(std::uint64_t seed = 1) {
  const TemporaryFolder folder;
  return Engine::load(write_tiny_model(folder, {.seed = seed}), {.device = "reference", .threads = 1});
}

inline std::vector<Token> some_tokens(int n) {
  std::vector<Token> tokens;
  for (int i = 0; i < n; ++i) tokens.push_back((i * i * 7 + i * 13 + 5) % 256);
  return tokens;
}

}  // namespace msrnn::testing
