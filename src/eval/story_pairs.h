// Two sets of stories, written with different states or by different models, side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msrnn {

// Stories of one state, from a results file of `msrnn eval stories`.
struct StorySet {
  std::string state;                                                           // "tova/512"
  std::string model;                                                           // its fingerprint
  std::map<std::int64_t, std::string> prompts;                                 // by number
  std::map<std::pair<std::int64_t, std::uint64_t>, std::string> stories = {};  // by prompt and seed

  // Of all that is in it.
  std::string checksum() const;
};

// name: "FILE:STATE", as in stories.jsonl:tova/512, or "FILE" where the file has the stories of one state
// only; FILE is the longest that is there, for both may hold colons. Throws Error for files that hold no such
// stories, UsageError naming the states there are.
StorySet read_stories(std::string_view name);

struct StoryPair {
  std::int64_t prompt = 0;
  std::uint64_t seed = 0;
  std::string task, a, b;
};

// All that have the same prompt and seed, in this order. Throws UsageError where there is none, or a prompt
// of the same number is another text.
std::vector<StoryPair> pair_stories(const StorySet& a, const StorySet& b);

}  // namespace msrnn
