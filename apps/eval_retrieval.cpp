// msrnn eval retrieval: facts hidden in long texts, and asked for.
#include "eval.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "eval/checksum.h"
#include "eval/retrieval.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

struct RetrievalCommand {
  EvalArguments shared;
  std::vector<std::filesystem::path> data;
  SettingArguments states{{"full", "tova", "h2o", "window+4"}, {512}};
  RetrievalOptions options{.tasks = {"passkey", "needle"},
                           .layouts = {"after", "before", "before-pinned"},
                           .lengths = {1024, 2048},
                           .depths = {0, 0.25, 0.5, 0.75, 1}};
  bool chat = false;

  void add_to(CLI::App& command);
  void run();

 private:
  void add_cells_to(CLI::App& command);
  ResultFile open(const Engine& engine, std::span<const Text> texts) const;
  void print(const ResultFile& results) const;
  void print_table(const ResultFile& results, const std::string& task, std::int64_t length) const;
};

void RetrievalCommand::add_to(CLI::App& command) {
  shared.add_to(command);
  command.add_option("--data", data, "The haystack: texts, and folders of them (*.txt)")
      ->type_name("PATH")
      ->required();
  states.add_to(command);
  add_cells_to(command);
  command.add_option("--seed", options.seed, "Chooses facts and stretches of text")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--chat", chat, "Put prompts into the model's chat template");
  command
      .add_option("--batch", options.batch,
                  "Answers written at once: changes speed and memory, never a result")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--block", options.block, "Tokens read in one pass: changes speed, never the result")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.footer(
      "Example: msrnn eval retrieval --data books --policies full,tova --sizes 512 --lengths 1024,4096 -o "
      "needles.jsonl\n"
      "A fact is hidden in a stretch of text; the prompt ends with the beginning of the answer, and an "
      "answer "
      "whose first\nword is the one asked for is right. Every cell has the same facts and texts. Stopped at "
      "any "
      "moment, the same command\ngoes on.");
}

void RetrievalCommand::add_cells_to(CLI::App& command) {
  command
      .add_option("--tasks", options.tasks,
                  "passkey: a number said to be one to remember; needle: a word in an ordinary sentence")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--layouts", options.layouts,
                  "Where the question stands: after, after-pinned, before, before-pinned (never dropped)")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--lengths", options.lengths, "Tokens of a whole prompt")
      ->type_name("N,...")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--depths", options.depths, "Where the fact is: 0 before the text, 1 after it")
      ->type_name("X,...")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--trials", options.trials, "Prompts of each task, policy, size, layout, length and depth")
      ->type_name("N")
      ->capture_default_str();
}

ResultFile RetrievalCommand::open(const Engine& engine, std::span<const Text> texts) const {
  nlohmann::ordered_json of_data = nlohmann::ordered_json::array();
  for (const Text& text : texts) of_data.push_back({{"text", text.name}, {"checksum", checksum(text.bytes)}});
  return shared.open_results(engine, "retrieval", of_data,
                             {{"policies", states.policies},
                              {"sizes", states.sizes},
                              {"tasks", options.tasks},
                              {"layouts", options.layouts},
                              {"lengths", options.lengths},
                              {"depths", options.depths},
                              {"trials", options.trials},
                              {"seed", options.seed},
                              {"chat", chat},
                              {"state_type", options.state.type},
                              {"positions", options.state.positions}});
}

void RetrievalCommand::run() {
  options.settings = states.settings();
  options.state = states.state;
  const std::vector<Text> texts = read_texts(data);
  const Engine engine = shared.model.load();
  const PromptMaker prompts(engine, texts, chat);
  check_retrieval(engine, prompts, options);
  ResultFile results = open(engine, texts);
  do_or_interrupt(shared.output, "read", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    options.progress = [&](std::int64_t done, std::int64_t total, const std::string& what) {
      line.update(done, total, what);
      return !interrupted;
    };
    return run_retrieval(engine, prompts, options, results);
  });
  print(results);
}

void RetrievalCommand::print(const ResultFile& results) const {
  for (const std::string& task : options.tasks) {
    for (const std::int64_t length : options.lengths) print_table(results, task, length);
  }
}

void RetrievalCommand::print_table(const ResultFile& results, const std::string& task,
                                   std::int64_t length) const {
  std::size_t width = 5;
  for (const Setting& setting : options.settings) width = std::max(width, setting.key().size());
  std::string table =
      fmt::format("{}, {} tokens, {} trials each: right answers in %, by depth\n{:<{}}  {:<15}", task, length,
                  options.trials, "state", width, "question");
  for (const double depth : options.depths) table += fmt::format("{:>7}", depth);
  table += fmt::format("{:>7}{:>12}{:>11}\n", "all", "95 %", "fact kept");
  for (const Setting& setting : options.settings) {
    for (const std::string& layout : options.layouts) {
      const std::string row = fmt::format("summary/{}/{}/{}/{}", task, setting.key(), layout, length);
      const auto percent = [&](const std::string& key, const char* number) {
        return 100 * (*results.find(key))[number].get<double>();
      };
      table += fmt::format("{:<{}}  {:<15}", setting.key(), width, layout);
      for (const double depth : options.depths) {
        table += fmt::format("{:>7.0f}", percent(fmt::format("{}/{}", row, depth), "accuracy"));
      }
      table += fmt::format("{:>7.0f}{:>12}{:>11.0f}\n", percent(row, "accuracy"),
                           fmt::format("{:.0f} to {:.0f}", percent(row, "low"), percent(row, "high")),
                           percent(row, "fact_kept"));
    }
  }
  print_text(table + "\n");
}

}  // namespace

void add_eval_retrieval(CLI::App& group) {
  CLI::App* command = group.add_subcommand("retrieval", "Hide facts in long texts, and ask for them");
  const auto self = std::make_shared<RetrievalCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
