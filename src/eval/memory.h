// What bounded states remember of texts: which tokens they keep and for how long, and how much attention goes
// to what they have dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"
#include "msrnn/state.h"

#include "eval/result_file.h"
#include "eval/settings.h"
#include "eval/watched_text.h"

namespace msrnn {

struct MemoryProgress {
  std::int64_t done = 0, total = 0;  // tokens read, of those this run reads
  std::string what;                  // "tova/512 of 3608/0"
};

struct MemoryOptions {
  std::vector<Setting> settings = {};
  StateOptions state = {};  // type and positions; the rest is the setting's
  int block = 256;
  std::int64_t every = 32;  // steps that one value of a series is the mean of
  std::int64_t maps = 1;    // of so many texts every token's fate in every layer is written
  bool attention = true;    // work that grows with the square of a text's tokens
  std::function<bool(const MemoryProgress&)> progress = {};  // false stops
};

// Throws UsageError for options that cannot be.
void check_memory(const Engine& engine, const MemoryOptions& options);

// Adds to the results, where they are not there yet:
//
//   "POLICY/SIZE/TEXT": tokens; "recent_share", over the steps that drop a token, and "recent_share_end",
//   after
//     the last one, with "recent_share_end_by_layer" and "recent_share_series"; "first_token_kept", the share
//     of layers (of a layer's lanes) that still have token 0 at the end; "survival", the mean steps in which
//     a token is attended, and "survival_by_tag" {tag: {tokens, steps}}. Of the first `maps` texts also
//     "survival_by_token" and "dropped_at" [layers][lanes][tokens], the step that dropped the token, −1:
//     none.
//   "lost/POLICY/SIZE/TEXT": the mean over heads of the full-attention probability of tokens dropped before
//   the
//     step: "mean" over the steps after the first drop, "by_layer", and "series", a mean over layers.
//   "text/TEXT": "pieces" of its tokens and their "tags", for the first `maps` texts.
//   "summary/POLICY/SIZE": means over the texts; "low" and "high" bound the mean with 95 % confidence
//     (bootstrap over texts) if there are two texts or more.
//
// Measures that no step gave, because the state holds the whole text, are null. Policies that keep everything
// have no SIZE. Checks first. Returns false if it was stopped; what is finished is in the results.
bool run_memory(const Engine& engine, std::span<const WatchedText> texts, const MemoryOptions& options,
                ResultFile& results);

}  // namespace msrnn
