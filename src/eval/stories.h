// Long texts written with every state, and how long and how repetitive they become.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"
#include "msrnn/generate.h"

#include "eval/result_file.h"
#include "eval/settings.h"

namespace msrnn {

struct StoryPrompt {
  std::string text;           // as people know it
  std::vector<Token> tokens;  // as the model reads it
};

struct StoryProgress {
  std::int64_t stories = 0, stories_total = 0;
  std::int64_t tokens = 0;           // written since the start, here
  std::int64_t tokens_expected = 0;  // these, and what is likely to come
};

struct StoryOptions {
  std::vector<Setting> settings;
  StateOptions state = {};  // all but policy and size
  // Of each story. The seed is that of the first of a prompt, the others count on from it, the same ones for
  // every setting. Where `cancel` is set, stories that are being written are given up.
  GenerateOptions generate = {};
  int seeds = 1;
  int batch = 8;    // stories written at once; changes speed and memory, never a story
  int block = 256;  // of reading the prompts
  std::function<void(const StoryProgress&)> progress = {};
};

// What lines of a result file are called.
std::string prompt_key(std::size_t prompt);                                             // "prompt/0"
std::string story_key(const Setting& setting, std::size_t prompt, std::uint64_t seed);  // "tova/512/0/1"

// Throws UsageError for options that cannot be. To be asked before results are begun.
void check(const StoryOptions& options, std::span<const StoryPrompt> prompts);

// Adds to the results what they lack, one line
//   a prompt    {text}
//   a story     {policy, size (if it has one), prompt, seed, prompt_tokens, tokens (the end token is none),
//                stop_reason, distinct_1, distinct_2, distinct_3, longest_loop, longest_repeat, text}
//   a setting   {policy, size, stories, and for the values above their mean and its bootstrap interval over
//               the stories, if there are two or more: {mean, low, high}; ended: the share of stories that
//               ended by themselves}
// each. False where it was cancelled: what is finished is there. Throws UsageError as check() does, and Error
// where a line cannot be written.
bool write_stories(const Engine& engine, std::span<const StoryPrompt> prompts, const StoryOptions& options,
                   ResultFile& results);

}  // namespace msrnn
