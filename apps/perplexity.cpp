// msrnn perplexity: how well a model with a bounded state predicts a text.
#include "eval/perplexity.h"

#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "encode_text.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "state_json.h"

namespace msrnn {
namespace {

struct PerplexityCommand {
  ModelArguments model;
  StateArguments state;
  std::string file;
  PerplexityOptions options;
  bool json = false;

  void add_to(CLI::App& command);
  void run();

 private:
  void print_json(const Engine& engine, const PerplexityResult& result) const;
  void print(const PerplexityResult& result) const;
};

void PerplexityCommand::add_to(CLI::App& command) {
  model.add_to(command);
  command.add_option("-f,--file", file, "The text; - is standard input")->type_name("FILE")->required();
  command
      .add_option(
          "--context", options.context,
          "Tokens of a chunk; the state is empty at the start of each. 0: the whole text is one stream")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--chunks", options.chunks, "Read this many chunks at most; 0: all")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--skip", options.skip,
                  "The first 1 + N tokens of a chunk are read but not scored; with --prompt-mode last-query "
                  "they are the prompt")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--full-chunks", options.full_chunks, "Leave out a last chunk that is shorter");
  command.add_flag("--json", json, "Print one JSON object");
  state.add_to(command);
  command.footer(
      "Example: msrnn perplexity -f book.txt --policy tova --state 512\n"
      "Reads the text as the paper does, token after token, and prints exp(mean negative log-likelihood).\n"
      "Where the model's files put BOS before a text, it takes the place of each chunk's first token.");
}

void PerplexityCommand::run() {
  const Engine engine = model.load();
  const std::vector<Token> tokens = encode_text(engine.tokenizer, read_text(file), {.add_special = true});
  options.first_token = engine.tokenizer.leading_bos();
  options.block = state.block;
  options.prompt_mode = state.prompt_mode == "last-query" ? PromptMode::last_query : PromptMode::per_step;
  const PerplexityResult result = [&] {
    ProgressLine line("read");
    options.progress = [&](const PerplexityProgress& progress) {
      const double mean = progress.nll_sum / static_cast<double>(progress.tokens_scored);
      line.update(progress.tokens_read, progress.tokens_total,
                  progress.tokens_scored == 0 ? "" : fmt::format("perplexity {:.4f} so far", std::exp(mean)));
    };
    return measure_perplexity(engine.model, state.options(), tokens, options);
  }();
  if (json) {
    print_json(engine, result);
  } else {
    print(result);
  }
}

void PerplexityCommand::print_json(const Engine& engine, const PerplexityResult& result) const {
  nlohmann::ordered_json object = {
      {"perplexity", result.perplexity()},
      {"tokens", result.tokens},
      {"nll", result.mean_nll()},
      {"nll_sum", result.nll_sum},
      {"state_bytes", result.state_bytes},
      {"tokens_read", result.tokens_read},
      {"chunks", result.chunks.size()},
      {"context", options.context},
      {"skip", options.skip},
      {"seconds", result.seconds},
      {"tokens_per_second", static_cast<double>(result.tokens_read) / result.seconds},
  };
  for (const ChunkLoss& chunk : result.chunks) {
    object["by_chunk"].push_back({{"tokens", chunk.tokens}, {"nll_sum", chunk.nll_sum}});
  }
  describe_run(object, engine.model, state);
  print_text(object.dump() + "\n");
}

void PerplexityCommand::print(const PerplexityResult& result) const {
  print_text(fmt::format(
      "perplexity {:.4f}\n"
      "{} tokens scored in {} chunk{}, {:.6f} nats each; policy {}, state {:.1f} MB; {:.1f} tokens/s\n",
      result.perplexity(), result.tokens, result.chunks.size(), result.chunks.size() == 1 ? "" : "s",
      result.mean_nll(), state.policy, static_cast<double>(result.state_bytes) / 1e6,
      static_cast<double>(result.tokens_read) / result.seconds));
}

}  // namespace

void add_perplexity(CLI::App& app) {
  CLI::App* command = app.add_subcommand("perplexity", "Measure how well a text is predicted");
  const auto self = std::make_shared<PerplexityCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
