// Two sets of stories before a judge: every pair in both orders, as the paper does it (arXiv 2401.06104).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/judgement.h"
#include "eval/patient_chat.h"
#include "eval/result_file.h"
#include "eval/story_pairs.h"

namespace msrnn {

struct JudgeOptions {
  std::string url, model;                                    // of the judge
  nlohmann::ordered_json parameters = {{"temperature", 0}};  // further fields of every request
  double price_in = 0, price_out = 0;                        // of a million tokens, read and written
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};  // pairs
};

// What results depend on besides the stories.
nlohmann::ordered_json describe(const JudgeOptions& options);

// Answers, kept by what was asked: the judge and the whole request. Throws as ResultFile does.
ResultFile open_answers(const std::filesystem::path& path);

// Adds to the results what they lack:
//   pair/PROMPT/SEED  {prompt, seed, outcome, and unless the texts are identical: a_first, b_first (the
//                      verdicts with a or b shown first), prompt_tokens, completion_tokens}
//   summary           {pairs, identical, unclear, judged, win, tie, loss, agreement, first_chosen (each
//                      {count, of, mean, low, high}: Tally), prompt_tokens, completion_tokens, cost}
// `answers` are asked first and get every new one at once, so that nothing is asked twice. False where it was
// stopped. Throws Error where the judge does not answer; what was answered is kept.
bool judge_stories(const std::vector<StoryPair>& pairs, const JudgeOptions& options, PatientChat& chat,
                   ResultFile& answers, ResultFile& results);

}  // namespace msrnn
