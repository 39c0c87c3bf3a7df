#include "eval/stories.h"

#include <algorithm>
#include <optional>

#include "base/fail.h"
#include "eval/bootstrap.h"
#include "eval/generate_many.h"
#include "eval/interval_json.h"
#include "eval/proportion.h"
#include "eval/repetition.h"
#include "runtime/generation.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kStoryMeasures[] = {"tokens",     "distinct_1",   "distinct_2",
                                          "distinct_3", "longest_loop", "longest_repeat"};

struct StoryUnit {
  const Setting* setting = nullptr;
  std::size_t prompt = 0;
  std::uint64_t seed = 0;

  std::string key() const { return story_key(*setting, prompt, seed); }
};

struct StoriesCancelled {};

Json describe_story(const StoryUnit& unit, std::size_t prompt_tokens, const GenerateResult& result) {
  const bool ended = result.reason == StopReason::end_token;
  const auto story = std::span(result.tokens).first(result.tokens.size() - (ended ? 1 : 0));
  const Repetition repetition = find_repetition(story);
  Json line;
  write_setting(line, *unit.setting);
  line.update({{"prompt", unit.prompt},
               {"seed", unit.seed},
               {"prompt_tokens", prompt_tokens},
               {"tokens", story.size()},
               {"stop_reason", to_string(result.reason)},
               {"distinct_1", distinct(story, 1)},
               {"distinct_2", distinct(story, 2)},
               {"distinct_3", distinct(story, 3)},
               {"longest_loop", repetition.longest_loop},
               {"longest_repeat", repetition.longest_repeat},
               {"text", result.text}});
  return line;
}

class StoryRun {
 public:
  StoryRun(const Engine& engine, std::span<const StoryPrompt> prompts, const StoryOptions& options,
           ResultFile& results)
      : engine_(engine), prompts_(prompts), options_(options), results_(results) {
    for (const Setting& setting : options_.settings) {
      for (std::size_t prompt = 0; prompt < prompts_.size(); ++prompt) {
        for (int i = 0; i < options_.seeds; ++i) {
          units_.push_back({&setting, prompt, options_.generate.sampler.seed + static_cast<unsigned>(i)});
        }
      }
    }
  }

  void write() {
    for (std::size_t i = 0; i < prompts_.size(); ++i) {
      if (results_.find(prompt_key(i)) == nullptr) results_.add(prompt_key(i), {{"text", prompts_[i].text}});
    }
    std::vector<StoryUnit> missing;
    for (const StoryUnit& unit : units_) {
      if (results_.find(unit.key()) == nullptr) missing.push_back(unit);
    }
    progress_.stories_total = std::ssize(units_);
    found_ = progress_.stories = std::ssize(units_) - std::ssize(missing);
    std::vector<GenerationRequest> requests;
    for (const StoryUnit& unit : missing) requests.push_back(request(unit));
    generate_many(engine_.tokenizer, requests, options_.batch,
                  [&](std::size_t i, const GenerateResult& result, const Sequence&) {
                    if (result.reason == StopReason::cancelled) throw StoriesCancelled{};
                    finish(missing[i], result);
                  });
    for (const Setting& setting : options_.settings) {
      if (results_.find(setting.summary_key()) == nullptr) summarise(setting);
    }
  }

 private:
  GenerationRequest request(const StoryUnit& unit) {
    GenerationRequest request = {[this, unit] { return start(unit); }, options_.generate};
    request.options.sampler.seed = unit.seed;
    request.options.stream = [this](std::string_view) {
      ++progress_.tokens;
      report();
      return true;
    };
    return request;
  }

  // The state after the prompt, which stories of one prompt share.
  Sequence start(const StoryUnit& unit) {
    if (read_by_.setting != unit.setting || read_by_.prompt != unit.prompt) {
      const std::vector<Token>& tokens = prompts_[unit.prompt].tokens;
      Sequence sequence(engine_.model, unit.setting->state(options_.state));
      const auto go_on = [this](std::int64_t, std::int64_t) { return !cancelled(); };
      if (sequence.read(tokens, {.block = options_.block, .progress = go_on}) < std::ssize(tokens)) {
        throw StoriesCancelled{};
      }
      after_prompt_ = std::move(sequence);
      read_by_ = unit;
    }
    return after_prompt_->clone();
  }

  void finish(const StoryUnit& unit, const GenerateResult& result) {
    results_.add(unit.key(), describe_story(unit, prompts_[unit.prompt].tokens.size(), result));
    ++progress_.stories;
    finished_tokens_ += std::ssize(result.tokens);
    report();
  }

  // Stories to come are taken to be as long as those that are finished.
  void report() {
    if (!options_.progress) return;
    const std::int64_t finished = progress_.stories - found_;
    const std::int64_t length = finished > 0 ? finished_tokens_ / finished : options_.generate.max_tokens;
    progress_.tokens_expected = std::max(progress_.tokens, length * (progress_.stories_total - found_));
    options_.progress(progress_);
  }

  void summarise(const Setting& setting) {
    std::vector<const Json*> stories;
    for (const StoryUnit& unit : units_) {
      if (*unit.setting == setting) stories.push_back(results_.find(unit.key()));
    }
    Json summary;
    write_setting(summary, setting);
    summary["stories"] = stories.size();
    for (const char* measure : kStoryMeasures) {
      std::vector<double> values;
      double sum = 0;
      for (const Json* story : stories) sum += values.emplace_back(story->at(measure).get<double>());
      summary[measure] = {{"mean", sum / static_cast<double>(values.size())}};
      write_interval(summary[measure], bootstrap_mean(values));
    }
    const auto n = std::ssize(stories);
    const auto ended = std::ranges::count_if(stories, [](const Json* story) {
      return story->at("stop_reason").get<std::string>() == "end_token";
    });
    summary["ended"] = {{"mean", static_cast<double>(ended) / static_cast<double>(n)}};
    write_interval(summary["ended"], wilson_interval(ended, n));
    results_.add(setting.summary_key(), summary);
  }

  bool cancelled() const { return options_.generate.cancel != nullptr && *options_.generate.cancel; }

  const Engine& engine_;
  std::span<const StoryPrompt> prompts_;
  const StoryOptions& options_;
  ResultFile& results_;
  std::vector<StoryUnit> units_;
  StoryProgress progress_;
  std::int64_t found_ = 0;            // stories that were there before
  std::int64_t finished_tokens_ = 0;  // of stories finished here
  std::optional<Sequence> after_prompt_;
  StoryUnit read_by_;  // whose prompt after_prompt_ has read
};

}  // namespace

void check(const StoryOptions& options, std::span<const StoryPrompt> prompts) {
  if (prompts.empty()) fail_usage("no prompt to write a story for");
  if (options.seeds < 1) fail_usage("seeds: expected 1 or more, found {}", options.seeds);
  if (options.seeds > 1 && options.generate.sampler.temperature == 0) {
    fail_usage("{} seeds at temperature 0 would write the same story {} times", options.seeds, options.seeds);
  }
  if (options.generate.max_tokens < 1) {
    fail_usage("tokens of a story: expected 1 or more, found {}", options.generate.max_tokens);
  }
  for (const StoryPrompt& prompt : prompts) {
    if (prompt.tokens.empty()) fail_usage("the prompt '{}' has no tokens", prompt.text);
  }
}

std::string prompt_key(std::size_t prompt) { return fmt::format("prompt/{}", prompt); }

std::string story_key(const Setting& setting, std::size_t prompt, std::uint64_t seed) {
  return fmt::format("{}/{}/{}", setting.key(), prompt, seed);
}

bool write_stories(const Engine& engine, std::span<const StoryPrompt> prompts, const StoryOptions& options,
                   ResultFile& results) try {
  check(options, prompts);
  StoryRun(engine, prompts, options, results).write();
  return true;
} catch (const StoriesCancelled&) {
  return false;
}

}  // namespace msrnn
