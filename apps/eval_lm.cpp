// msrnn eval lm: perplexity of books, by policy and size of the state.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/fail.h"
#include "encode_text.h"
#include "eval.h"
#include "eval/checksum.h"
#include "eval/language_modelling.h"
#include "eval/long_stream.h"
#include "eval/texts.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct EvalLmCommand {
  EvalArguments arguments;
  std::vector<std::filesystem::path> data;
  SettingArguments states{{"full", "baseline", "window", "window+4", "h2o", "tova"},
                          {64, 128, 256, 512, 1024, 2048, 4096}};
  std::vector<std::string> positions = {"absolute"};
  LanguageModellingOptions chunks;
  LongStreamOptions stream;

  void add_to(CLI::App& command);
  void run();

 private:
  std::vector<Book> read_books(const Engine& engine, Json& description) const;
  void run_chunks(const Engine& engine, const std::vector<Book>& books, const Json& description);
  void run_stream(const Engine& engine, std::vector<Book> books, const Json& description);
  Json common_options() const;
  // Measures with a progress line; Ctrl-C ends it, and the command.
  void until_interrupted(const std::function<void(const LanguageModellingCallback&)>& measure) const;
  void print_table(const ResultFile& results, const std::vector<std::string>& keys) const;

  const CLI::App* command_ = nullptr;
};

void EvalLmCommand::add_to(CLI::App& command) {
  command_ = &command;
  arguments.add_to(command);
  command
      .add_option(
          "--data", data,
          "Texts, one book a file; of a folder its files *.txt, or those of its folder test, as PG-19's "
          "release has them")
      ->type_name("FILE|DIR...")
      ->required();
  states.add_lists_to(command);
  command.get_option("--policies")
      ->description(
          "What the state keeps. full is measured once; baseline is full attention over pieces of K "
          "tokens. With --stream those that have a state, if none is named");
  CLI::Option* context =
      command.add_option("--context", chunks.context, "Tokens of a chunk; the state is empty at its start")
          ->type_name("N")
          ->capture_default_str();
  CLI::Option* most = command.add_option("--chunks", chunks.chunks, "Chunks of each book at most; 0: all")
                          ->type_name("N")
                          ->capture_default_str();
  CLI::Option* full = command.add_flag("--full-chunks", chunks.full_chunks,
                                       "Leave out a last chunk of a book that is shorter");
  command
      .add_option("--stream", stream.tokens,
                  "No chunks: the first N tokens of each book that has as many, in one unbroken run, and the "
                  "perplexity against the position. The paper: 70000")
      ->type_name("N")
      ->excludes(context)
      ->excludes(most)
      ->excludes(full);
  command.add_option("--bin", stream.bin, "Tokens of a stream that one perplexity is about")
      ->type_name("N")
      ->needs("--stream")
      ->capture_default_str();
  command
      .add_option("--positions", positions,
                  "Where a kept token stands: absolute, in-cache or compressed; with --stream several, and "
                  "all three if none is named")
      ->type_name("MODE,...")
      ->delimiter(',');
  command.add_option("--state-type", chunks.state_type, "Number type of the state: f32, f16 or bf16")
      ->type_name("TYPE")
      ->capture_default_str();
  command.footer(
      "Examples:\n"
      "  msrnn eval lm --data pg19/test -o lm.jsonl                       the paper's figure, all sizes\n"
      "  msrnn eval lm --data pg19/test --policies full,tova --sizes 256,512 --chunks 2 -o quick.jsonl\n"
      "  msrnn eval lm --data pg19/test --stream 70000 --policies tova,window+4 --sizes 512 -o stream.jsonl\n"
      "Intervals are 95 %, by resampling chunks (books, with --stream), of two or more. A run that was "
      "stopped, "
      "by Ctrl-C\n"
      "or otherwise, goes on with the same command.");
}

std::vector<Book> EvalLmCommand::read_books(const Engine& engine, Json& description) const {
  std::vector<Book> books;
  description = Json::array();
  for (const Text& text : read_texts(data)) {
    books.push_back({text.name, encode_text(engine.tokenizer, text.bytes, {.add_special = true})});
    description.push_back({{"book", text.name},
                           {"bytes", text.bytes.size()},
                           {"checksum", checksum(text.bytes)},
                           {"tokens", books.back().tokens.size()}});
  }
  return books;
}

Json EvalLmCommand::common_options() const {
  return {{"policies", states.policies},
          {"sizes", states.sizes},
          {"positions", positions},
          {"state_type", chunks.state_type}};
}

void EvalLmCommand::run() {
  const bool streams = command_->count("--stream") > 0;
  if (streams && command_->count("--policies") == 0) states.policies = {"window", "window+4", "h2o", "tova"};
  if (streams && command_->count("--positions") == 0) positions = {"absolute", "in-cache", "compressed"};
  if (!streams && positions.size() != 1) fail_usage("--positions: expected one mode without --stream");
  chunks.settings = stream.settings = every_setting(states.policies, states.sizes);
  const Engine engine = arguments.model.load();
  Json description;
  std::vector<Book> books = read_books(engine, description);
  if (streams) {
    run_stream(engine, std::move(books), description);
  } else {
    run_chunks(engine, books, description);
  }
}

void EvalLmCommand::run_chunks(const Engine& engine, const std::vector<Book>& books,
                               const Json& description) {
  chunks.positions = positions.front();
  Json options = common_options();
  options.update(
      {{"context", chunks.context}, {"chunks", chunks.chunks}, {"full_chunks", chunks.full_chunks}});
  ResultFile results = arguments.open_results(engine, "lm", description, options);
  until_interrupted([&](const LanguageModellingCallback& progress) {
    chunks.progress = progress;
    measure_language_modelling(engine, books, chunks, results);
  });
  std::vector<std::string> keys;
  for (const Setting& setting : chunks.settings) keys.push_back(setting.summary_key());
  print_table(results, keys);
}

void EvalLmCommand::run_stream(const Engine& engine, std::vector<Book> books, const Json& description) {
  const std::size_t n_books = books.size();
  books = long_books(std::move(books), stream.tokens);
  fmt::print(stderr, "{} of {} books have {} tokens\n", books.size(), n_books, stream.tokens);
  stream.positions = positions;
  stream.state_type = chunks.state_type;
  stream.snapshot = arguments.output;
  stream.snapshot += ".snapshot";
  Json options = common_options();
  options.update({{"stream", stream.tokens}, {"bin", stream.bin}});
  ResultFile results = arguments.open_results(engine, "lm-stream", description, options);
  until_interrupted([&](const LanguageModellingCallback& progress) {
    stream.progress = progress;
    measure_long_streams(engine, books, stream, results);
  });
  std::vector<std::string> keys;
  for (const StreamRun& run : stream_runs(stream)) keys.push_back("summary/" + run.key());
  print_table(results, keys);
}

void EvalLmCommand::until_interrupted(
    const std::function<void(const LanguageModellingCallback&)>& measure) const {
  struct Interrupted {};
  do_or_interrupt(arguments.output, "read", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    try {
      measure([&](const LanguageModellingProgress& progress) {
        if (interrupted) throw Interrupted();
        line.update(progress.tokens_read, progress.tokens_total, progress.unit);
      });
      return true;
    } catch (const Interrupted&) {
      return false;
    }
  });
}

void EvalLmCommand::print_table(const ResultFile& results, const std::vector<std::string>& keys) const {
  std::size_t width = 6;
  for (const std::string& policy : states.policies) width = std::max(width, policy.size());
  const auto print = [&](const auto&... cells) {
    print_text(fmt::format("{:{}} {:>6} {:10} {:>5} {:>10} {:>22} {:>9}  {}\n", cells...));
  };
  print("policy", width, "size", "positions", "parts", "perplexity", "95 %", "bits/byte", "above full, 95 %");
  for (const std::string& key : keys) {
    const Json& row = *results.find(key);
    const auto number = [&](const char* name) { return row.at(name).get<double>(); };
    const auto interval = [&](const char* before, const char* low, const char* high) {
      return row.contains(low) ? fmt::format("{}{:.3f} … {:.3f}", before, number(low), number(high)) : "";
    };
    const bool compared = row.contains("above_full");
    print(row["policy"].get<std::string>(), width, row.contains("size") ? row["size"].dump() : "",
          row.value("positions", positions.front()), row["parts"].dump(),
          fmt::format("{:.3f}", number("perplexity")), interval("", "low", "high"),
          fmt::format("{:.4f}", number("bits_per_byte")),
          compared ? fmt::format("{:+.3f}{}", number("above_full"),
                                 interval(", ", "above_full_low", "above_full_high"))
                   : "");
  }
}

}  // namespace

void add_eval_lm(CLI::App& group) {
  CLI::App* command = group.add_subcommand("lm", "Perplexity of books, by policy and size of the state");
  const auto self = std::make_shared<EvalLmCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
