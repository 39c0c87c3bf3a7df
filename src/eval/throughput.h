// How many sequences fit a given memory in each size of their state, and how fast they are written together
// (the paper's Table 1, arXiv 2401.06104).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "msrnn/model.h"

#include "eval/result_file.h"
#include "eval/settings.h"

namespace msrnn {

// What the machine could do at best.
struct MachineLimits {
  double read_bandwidth = 0;     // bytes a second
  double seconds_per_token = 0;  // of the products of one token at the peak of their operations; 0: not known
};

struct ThroughputOptions {
  std::vector<Setting> settings;  // besides the full cache, which comes first
  StateOptions state = {};        // all but policy and size
  std::size_t memory = 0;         // bytes, for weights, states and scratch memory
  int sequences = 512;            // in all, each of …
  std::int64_t tokens = 4096;     // … so many tokens, from the first on
  // Called after every step with the tokens written so far and in all, and the key of the round at work,
  // "tova/512/3"; false stops.
  std::function<bool(std::int64_t done, std::int64_t total, const std::string& what)> progress = {};
};

// How many sequences with this state are written at once.
struct BatchPlan {
  std::size_t state_bytes = 0;    // of one sequence when it has all its tokens
  std::size_t scratch_bytes = 0;  // that a further sequence of a batch takes, about
  int batch = 0;                  // the most that fit, and no more than there are; 0: not even one
};

BatchPlan plan_batch(const Model& model, const StateOptions& state, const ThroughputOptions& options);

struct ThroughputRow {
  Setting setting;
  StateOptions state;
  BatchPlan plan;
};

// The full cache first. Throws UsageError for impossible options, and where not even one sequence fits in any
// size.
std::vector<ThroughputRow> plan_throughput(const Model& model, const ThroughputOptions& options);

// Seconds that `batch` sequences take to their last token if every step takes as long as reading the weights
// and all live keys and values at the machine's bandwidth, or as its products at their peak, if that is more.
double predict_seconds(const Model& model, const StateOptions& state, int batch, std::int64_t tokens,
                       const MachineLimits& limits);

// Adds to the results what they lack. These have times in them, so that a run that was killed goes on with
// what it has measured, but does not give the same lines as one that was not:
//   machine              {read_bandwidth, seconds_per_token}: measure() is called where it is not there yet
//   full/0, tova/512/3   a round, one batch from the first token to the last: {policy, size, sequences,
//   tokens,
//                        seconds}
//   summary/tova/512     {policy, size, state_bytes, scratch_bytes, batch, sequences, tokens, seconds,
//                        tokens_per_second, predicted_tokens_per_second, and both relative to the full cache:
//                        relative, predicted_relative}. Not even one fits: batch 0, and null for what was not
//                        measured.
// Tokens are fixed random ones: nothing is sampled, but logits are computed for each. False where it was
// stopped. rows: of plan_throughput() with these options.
bool measure_throughput(const Model& model, const std::vector<ThroughputRow>& rows,
                        const ThroughputOptions& options, const std::function<MachineLimits()>& measure,
                        ResultFile& results);

}  // namespace msrnn
