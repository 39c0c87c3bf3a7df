// msrnn trace: what a state did while it read a text, as NumPy arrays.
#include "eval/trace.h"

#include <cmath>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "commands.h"
#include "encode_text.h"
#include "eval/npy.h"
#include "model_options.h"
#include "output.h"
#include "output_file.h"
#include "progress.h"
#include "state_json.h"
#include "token_list.h"

namespace msrnn {
namespace {

struct TraceCommand {
  ModelArguments model;
  StateArguments state;
  std::string file, tokens_file;
  std::filesystem::path folder;
  TraceOptions options;

  void add_to(CLI::App& command);
  void run();

 private:
  void write(const Model& model, const Trace& trace) const;
};

void TraceCommand::add_to(CLI::App& command) {
  model.add_to(command);
  auto* text = command.add_option("-f,--file", file, "The text; - is standard input")->type_name("FILE");
  command.add_option("--tokens", tokens_file, "Token ids separated by blanks, instead of a text")
      ->type_name("FILE")
      ->excludes(text);
  command.add_option("-o,--output", folder, "The folder that gets the arrays; made if it is missing")
      ->type_name("DIR")
      ->required();
  command
      .add_option("--prompt-tokens", options.prompt_tokens,
                  "The first N tokens are the prompt that --prompt-mode is about; kept_prompt.npy tells what "
                  "was kept after it")
      ->type_name("N");
  state.add_to(command);
  command.footer(
      "Writes nll.npy [tokens-1] f32 (nats), victims.npy [layers, lanes, tokens] i32 (position dropped at "
      "each "
      "step,\n-1: none), kept.npy [layers, lanes, k] i32 (positions kept at the end, -1 padded) and "
      "meta.json.");
}

void TraceCommand::run() {
  if (file.empty() == tokens_file.empty()) fail_usage("trace needs a text: -f FILE, or --tokens FILE");
  options.prompt_mode = state.prompt_mode == "last-query" ? PromptMode::last_query : PromptMode::per_step;
  if (options.prompt_mode == PromptMode::last_query && options.prompt_tokens == 0) {
    fail_usage("--prompt-mode last-query needs --prompt-tokens N: how many tokens are the prompt");
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("cannot make the folder {}: {}", folder.string(), error.message());
  check_writable(folder / "meta.json");
  const Engine engine = model.load();
  const std::vector<Token> tokens =
      file.empty() ? parse_tokens(read_text(tokens_file), engine.model.config().vocabulary, tokens_file)
                   : encode_text(engine.tokenizer, read_text(file), {.add_special = true});
  MultiState multi_state(engine.model, state.options());
  options.block = state.block;
  const Trace result = [&] {
    ProgressLine line("read");
    options.progress = [&](std::int64_t done, std::int64_t total) { line.update(done, total); };
    return trace(engine.model, multi_state, tokens, options);
  }();
  write(engine.model, result);
}

void TraceCommand::write(const Model& of_model, const Trace& trace) const {
  const double nll =
      std::accumulate(trace.nll.begin(), trace.nll.end(), 0.0) / static_cast<double>(trace.nll.size());
  nlohmann::ordered_json meta = {
      {"tokens", trace.tokens},
      {"layers", trace.layers},
      {"lanes", trace.lanes},
      {"kept_width", trace.kept_width},
      {"nll", nll},
      {"perplexity", std::exp(nll)},
      {"prompt_tokens", options.prompt_tokens},
  };
  describe_run(meta, of_model, state);

  const std::vector<std::int64_t> kept_shape = {trace.layers, trace.lanes, trace.kept_width};
  write_npy(folder / "nll.npy", trace.nll, {trace.tokens - 1});
  write_npy(folder / "victims.npy", trace.victims, {trace.layers, trace.lanes, trace.tokens});
  write_npy(folder / "kept.npy", trace.kept, kept_shape);
  if (options.prompt_tokens > 0) write_npy(folder / "kept_prompt.npy", trace.kept_prompt, kept_shape);
  AtomicFile file_of_meta(folder / "meta.json");
  file_of_meta.write(meta.dump(2) + "\n");
  file_of_meta.commit();
  print_text(fmt::format("perplexity {:.4f} over {} tokens; arrays in {}\n", std::exp(nll), trace.tokens,
                         folder.string()));
}

}  // namespace

void add_trace(CLI::App& app) {
  CLI::App* command = app.add_subcommand("trace", "Write what a state kept and dropped, token by token");
  const auto self = std::make_shared<TraceCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
