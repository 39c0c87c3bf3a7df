// msrnn eval stories: what a model writes with each state, and how repetitive it is.
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "base/fail.h"
#include "chat_format.h"
#include "encode_text.h"
#include "eval.h"
#include "eval/checksum.h"
#include "eval/stories.h"
#include "generation_options.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

struct StoriesCommand {
  EvalArguments eval;
  SettingArguments states;
  GenerationArguments generation;
  std::string prompts;
  bool one_prompt = false, chat = false;
  StoryOptions options;

  void add_to(CLI::App& command);
  void run();

 private:
  std::vector<StoryPrompt> read_prompts(const Engine& engine, const std::string& content) const;
  nlohmann::ordered_json describe() const;
  void print(const ResultFile& results) const;
};

void StoriesCommand::add_to(CLI::App& command) {
  eval.add_to(command);
  command.add_option("--prompts", prompts, "What to write stories for: a file with a prompt a line")
      ->type_name("FILE")
      ->required();
  command.add_flag("--one-prompt", one_prompt, "The whole file is one prompt, as it is, line ends and all");
  command.add_flag("--chat", chat, "A prompt is a message to the model, to be answered");
  states.add_to(command);
  generation.options.max_tokens = 2048;
  generation.options.sampler.temperature = 0.8f;
  generation.options.sampler.top_p = 0.95f;
  generation.add_to(command);
  const auto add = [&command](const char* name, int& value, int most, const char* help) {
    command.add_option(name, value, help)->type_name("N")->check(CLI::Range(1, most))->capture_default_str();
  };
  add("--seeds", options.seeds, 1 << 20, "Stories of a prompt: with the seed of --seed and the next ones");
  add("--batch", options.batch, 1 << 16, "Stories written at once: changes speed and memory, never a story");
  add("--block", options.block, 1 << 16, "Tokens of a prompt read in one pass");
  command.footer(
      "Example: msrnn eval stories --prompts prompts.txt --policies full,tova --sizes 256,512 -o "
      "stories.jsonl\n"
      "Writes a line a story: text, tokens, stop reason, distinct_1 to _3 (different runs of 1 to 3 tokens "
      "as a "
      "share of\n"
      "all such runs), longest_loop (tokens of the longest part that is one piece repeated in direct "
      "succession) "
      "and\n"
      "longest_repeat (tokens of the longest piece that stands in the story twice); then a summary of every "
      "state with\n"
      "bootstrap intervals over its stories. More policies and sizes can be added to a file later.\n"
      "'msrnn eval judge' compares the stories of two states.");
}

std::vector<StoryPrompt> StoriesCommand::read_prompts(const Engine& engine,
                                                      const std::string& content) const {
  std::vector<std::string> texts;
  if (one_prompt) {
    if (!content.empty()) texts.push_back(content);
  } else {
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (line.find_first_not_of(" \t") != std::string::npos) texts.push_back(line);
    }
  }
  if (texts.empty()) fail("{}: holds no prompt", prompts);
  std::vector<StoryPrompt> found;
  for (const std::string& text : texts) {
    if (chat) {
      found.push_back({text, ChatFormat(engine, "").first(text)});
      continue;
    }
    std::vector<Token> tokens = encode_text(engine.tokenizer, text, {.add_special = true});
    // A text to go on from has not ended.
    if (!tokens.empty() && tokens.back() == engine.tokenizer.eos()) tokens.pop_back();
    found.push_back({text, std::move(tokens)});
  }
  return found;
}

// Policies and sizes are not among it: a file may get more of them.
nlohmann::ordered_json StoriesCommand::describe() const {
  const GenerateOptions& g = generation.options;
  return {{"seed", g.sampler.seed},
          {"seeds", options.seeds},
          {"max_tokens", g.max_tokens},
          {"temperature", g.sampler.temperature},
          {"top_k", g.sampler.top_k},
          {"top_p", g.sampler.top_p},
          {"min_p", g.sampler.min_p},
          {"repetition_penalty", g.sampler.repetition_penalty},
          {"repetition_window", g.sampler.repetition_window},
          {"stop", g.stop},
          {"ignore_end", g.ignore_end},
          {"one_prompt", one_prompt},
          {"chat", chat},
          {"state_type", states.state.type},
          {"positions", states.state.positions}};
}

void StoriesCommand::run() {
  options.settings = states.settings();
  options.state = states.state;
  options.generate = generation.options;
  if (chat) options.generate.start = StreamDecoder::Start::text;
  const std::string content = read_text(prompts);
  const Engine engine = eval.model.load();
  const std::vector<StoryPrompt> texts = read_prompts(engine, content);
  check(options, texts);
  ResultFile results = eval.open_results(engine, "stories", {{"prompts", checksum(content)}}, describe());
  do_or_interrupt(eval.output, "written", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    options.generate.cancel = &interrupted;
    options.progress = [&](const StoryProgress& progress) {
      line.update(progress.tokens, progress.tokens_expected,
                  fmt::format("{} of {} stories", progress.stories, progress.stories_total));
    };
    return write_stories(engine, texts, options, results);
  });
  print(results);
}

void StoriesCommand::print(const ResultFile& results) const {
  print_text(fmt::format("{:16} {:>8} {:>24} {:>7} {:>11} {:>11} {:>11} {:>8} {:>8}\n", "state", "stories",
                         "tokens (95 %)", "ended", "distinct-1", "distinct-2", "distinct-3", "loop",
                         "repeat"));
  for (const Setting& setting : options.settings) {
    const nlohmann::ordered_json& summary = *results.find(setting.summary_key());
    const auto mean = [&](const char* name) { return summary.at(name).at("mean").get<double>(); };
    const nlohmann::ordered_json& tokens = summary.at("tokens");
    const std::string interval =
        tokens.contains("low")
            ? fmt::format(" ({:.1f} - {:.1f})", tokens["low"].get<double>(), tokens["high"].get<double>())
            : "";
    print_text(fmt::format("{:16} {:8} {:>24} {:>5.0f} % {:11.3f} {:11.3f} {:11.3f} {:8.1f} {:8.1f}\n",
                           setting.key(), summary.at("stories").get<int>(),
                           fmt::format("{:.1f}{}", mean("tokens"), interval), 100 * mean("ended"),
                           mean("distinct_1"), mean("distinct_2"), mean("distinct_3"), mean("longest_loop"),
                           mean("longest_repeat")));
  }
}

}  // namespace

void add_eval_stories(CLI::App& group) {
  CLI::App* command = group.add_subcommand("stories", "Write long texts with each state");
  const auto self = std::make_shared<StoriesCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
