#include "eval/story_pairs.h"

#include <charconv>
#include <set>

#include <fmt/ranges.h>

#include "base/fail.h"
#include "eval/checksum.h"
#include "eval/result_file.h"
#include "eval/stories.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

// Of one line: a prompt, or a story, which is added if it is of this state. The states met are noted.
void add_line(const Json& line, const std::string& state, StorySet& set, std::set<std::string>& states) {
  const std::string key = line.at("key").get<std::string>();
  constexpr std::string_view kPrompt = "prompt/";
  if (key.starts_with("summary/")) return;
  if (key.starts_with(kPrompt)) {
    std::int64_t number = 0;
    const char* end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data() + kPrompt.size(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) fail("expected prompt/NUMBER, found '{}'", key);
    set.prompts[number] = line.at("text").get<std::string>();
    return;
  }
  const std::string of = read_setting(line).key();
  states.insert(of);
  if (!state.empty() && of != state) return;
  set.stories[{line.at("prompt").get<std::int64_t>(), line.at("seed").get<std::uint64_t>()}] =
      line.at("text").get<std::string>();
}

StorySet read_set(const std::filesystem::path& file, const std::string& state) {
  const Results results = read_results(file);
  StorySet set{.state = state, .model = {}, .prompts = {}};
  std::set<std::string> states;
  try {
    if (results.run.at("experiment").get<std::string>() != "stories") {
      fail("{}: expected results of 'eval stories', found those of '{}'", file.string(),
           results.run.at("experiment").get<std::string>());
    }
    set.model = results.run.at("model").at("fingerprint").get<std::string>();
    for (const Json& line : results.results) add_line(line, state, set, states);
  } catch (const Json::exception& error) {
    fail("{}: expected results of 'eval stories': {}", file.string(), error.what());
  }
  if (states.empty()) fail("{}: holds no story", file.string());
  if (state.empty() && states.size() > 1) {
    fail_usage("{}: has stories of several states; name one: {}:STATE, STATE being {}", file.string(),
               file.string(), fmt::join(states, ", "));
  }
  if (!state.empty() && !states.contains(state)) {
    fail_usage("{}: has no stories of the state {}; there are: {}", file.string(), state,
               fmt::join(states, ", "));
  }
  if (state.empty()) set.state = *states.begin();
  for (const auto& [id, text] : set.stories) {
    if (!set.prompts.contains(id.first)) fail("{}: the prompt {} is missing", file.string(), id.first);
  }
  return set;
}

// The longest beginning of "FILE:STATE" that is a file. Colons may be in names of files and in those of
// states, mass:decay=0.9/64. Empty where there is none.
std::string_view longest_file(std::string_view name) {
  std::error_code ignored;
  while (!name.empty() && !std::filesystem::exists(name, ignored)) {
    const std::size_t colon = name.rfind(':');
    name = name.substr(0, colon == std::string_view::npos ? 0 : colon);
  }
  return name;
}

}  // namespace

std::string StorySet::checksum() const {
  Json all = {state, model};
  for (const auto& [number, text] : prompts) all.push_back({number, text});
  for (const auto& [id, text] : stories) all.push_back({id.first, id.second, text});
  return msrnn::checksum(all.dump());
}

StorySet read_stories(std::string_view name) {
  std::string_view file = longest_file(name);
  // Nothing is there: what is before the first colon was meant, for states have no file's name.
  if (file.empty()) file = name.substr(0, name.find(':'));
  if (file.size() == name.size()) return read_set(name, "");
  const std::string_view state = name.substr(file.size() + 1);
  if (state.empty()) fail_usage("'{}': expected FILE or FILE:STATE", name);
  return read_set(file, std::string(state));
}

std::vector<StoryPair> pair_stories(const StorySet& a, const StorySet& b) {
  std::vector<StoryPair> pairs;
  for (const auto& [id, story] : a.stories) {
    const auto other = b.stories.find(id);
    if (other == b.stories.end()) continue;
    const std::string& task = a.prompts.at(id.first);
    if (b.prompts.at(id.first) != task) {
      fail_usage("the prompts differ: prompt {} is '{}' here and '{}' there", id.first, task,
                 b.prompts.at(id.first));
    }
    pairs.push_back({id.first, id.second, task, story, other->second});
  }
  if (pairs.empty()) fail_usage("no two stories have the same prompt and seed");
  return pairs;
}

}  // namespace msrnn
