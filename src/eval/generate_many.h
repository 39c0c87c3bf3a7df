// Many generations at once: weights are read once a step for all that are running.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "msrnn/generate.h"
#include "msrnn/sequence.h"
#include "msrnn/tokenizer.h"

namespace msrnn {

struct GenerationRequest {
  // Makes the sequence to go on from, with logits; called when its turn comes, so that only `batch` states
  // are there at a time. It may clone one that several requests share.
  std::function<Sequence()> start;
  GenerateOptions options;
};

// Runs the requests in their order, `batch` at a time: where one ends, the next begins. Each gives what
// generate() would give it alone. ended(i, result, sequence) is called as each ends, one after another; it
// may throw, which ends everything. Cancelled ones are reported like others.
void generate_many(const Tokenizer& tokenizer, std::span<const GenerationRequest> requests, int batch,
                   const std::function<void(std::size_t, GenerateResult, const Sequence&)>& ended);

}  // namespace msrnn
