// Logits that Hugging Face transformers computes, and what msrnn is held to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "msrnn/model.h"

namespace msrnn::testing {

class ExpectedLogits {
 public:
  // A folder with tokens.npy, logits.npy and decode.npy, as make_checkpoints.py has them.
  explicit ExpectedLogits(const std::filesystem::path& folder);

  // Reads the tokens in blocks of at most `block` into an unbounded state. [tokens][vocabulary]
  std::vector<float> read(const std::filesystem::path& model, const std::string& device,
                          std::size_t block) const;
  // Differences are parts of the root-mean-square logit.
  void expect(const std::vector<float>& logits, double bound) const;
  // The root mean square of the differences of the tokens decoded one by one, as a part of that of their
  // logits.
  double mean_error(const std::vector<float>& logits) const;

 private:
  std::vector<Token> tokens_;
  std::vector<float> whole_, decoded_;
  // Where frequencies follow the length, one pass over a longer text turns its first keys differently.
  bool follows_length_;
};

// The largest difference, as a part of the root-mean-square of what is expected.
double relative_difference(std::span<const float> found, std::span<const float> expected);

}  // namespace msrnn::testing
