// Whether a bounded state still knows a fact that it has read: the honest limits of forgetting.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"
#include "msrnn/state.h"

#include "eval/result_file.h"
#include "eval/retrieval_prompt.h"
#include "eval/settings.h"

namespace msrnn {

// Where the question stands, and whether its tokens are protected from eviction.
struct RetrievalLayout {
  std::string name;
  QuestionPlace place = QuestionPlace::after;
  bool pinned = false;
};

// after, after-pinned, before, before-pinned
const std::vector<RetrievalLayout>& retrieval_layouts();

struct RetrievalOptions {
  std::vector<Setting> settings = {};
  std::vector<std::string> tasks = {}, layouts = {};  // names
  std::vector<std::int64_t> lengths = {};             // tokens of the whole prompt
  std::vector<double> depths = {};                    // 0: the fact comes before the text, 1: after it
  std::int64_t trials = 5;                            // of each cell
  std::uint64_t seed = 1;
  int batch = 8;            // answers written at once; never changes the result
  int max_tokens = 16;      // of an answer, greedily written up to the end of its line
  StateOptions state = {};  // type and positions; the rest is the setting's
  int block = 256;
  // Tokens read, and the cell at work, "passkey/tova/512/after/1024/0.5"; false stops.
  std::function<bool(std::int64_t done, std::int64_t total, const std::string& what)> progress = {};
};

// Throws UsageError for names that there are not, options that cannot be, and where a prompt or a pinned
// question does not fit.
void check_retrieval(const Engine& engine, const PromptMaker& prompts, const RetrievalOptions& options);

// Trial i of a task and length has the same fact and stretch of text in every cell, so that cells differ in
// nothing else. Adds to the results, where they are not there yet:
//
//   "TASK/POLICY/SIZE/LAYOUT/LENGTH/DEPTH/TRIAL": "expected", "answer" (what was written), "correct";
//     "fact_kept", the share of the fact's tokens still in the state when the answer ends, a mean over
//     layers; "depth_found", where the fact really is.
//   "summary/TASK/POLICY/SIZE/LAYOUT/LENGTH/DEPTH", and the same without DEPTH, over all: "trials",
//     "accuracy" with "low" and "high" (95 %, Wilson's interval), "fact_kept".
//
// Checks first. Returns false if it was stopped.
bool run_retrieval(const Engine& engine, const PromptMaker& prompts, const RetrievalOptions& options,
                   ResultFile& results);

}  // namespace msrnn
