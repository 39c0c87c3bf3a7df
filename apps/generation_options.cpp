#include "generation_options.h"

namespace msrnn {

void GenerationArguments::add_to(CLI::App& command) {
  const auto add = [&command](const char* name, auto& value, const char* help) {
    command.add_option(name, value, help)->capture_default_str();
  };
  SamplerOptions& sampler = options.sampler;
  add("-n,--max-tokens", options.max_tokens,
      "Write at most this many tokens; -1: until something else ends it");
  add("--temperature", sampler.temperature, "Of the draw; 0 always takes the most likely token");
  add("--top-k", sampler.top_k, "Draw from the K most likely tokens; 0: from all");
  add("--top-p", sampler.top_p, "Draw from the most likely tokens whose probabilities add up to P");
  add("--min-p", sampler.min_p, "Draw from tokens at least P times as likely as the most likely one");
  add("--repetition-penalty", sampler.repetition_penalty, "Makes recent tokens less likely; 1: off");
  add("--repetition-window", sampler.repetition_window, "How many tokens are recent");
  add("--seed", sampler.seed, "Of the draw: the same seed gives the same text");
  command
      .add_option("--stop", options.stop,
                  "A text that ends the writing and is not part of it; may be given several times")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--ignore-end", options.ignore_end, "Go on when the model says that it has finished");
}

}  // namespace msrnn
