// msrnn eval tasks: understanding of long documents, by policy and size of the state.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/fail.h"
#include "eval.h"
#include "eval/checksum.h"
#include "eval/tasks/run_tasks.h"
#include "eval/tasks/task_files.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

// Of a prompt and its answer together: what the paper's models were trained with.
constexpr int kContext = 4096;

struct EvalTasksCommand {
  EvalArguments arguments;
  std::vector<std::string> tasks, data;
  SettingArguments states{{"full", "window+4", "h2o", "tova"}, {256, 512, 1024, 2048, 4096}};
  std::string layout = "zeroscrolls";
  bool chat = false;
  int limit = 0, max_prompt = 0, max_answer = 0;
  TaskRunOptions options;

  void add_to(CLI::App& command);
  void run();

 private:
  void add_data_to(CLI::App& command);
  void add_prompts_to(CLI::App& command);
  void add_sizes_of_work_to(CLI::App& command);
  std::vector<TaskSet> read_tasks(Json& description) const;
  void make_prompts(const Engine& engine, TaskSet& set) const;
  Json describe() const;
  void print(const ResultFile& results, const std::vector<TaskSet>& sets,
             const std::vector<Setting>& settings) const;
};

void EvalTasksCommand::add_to(CLI::App& command) {
  arguments.add_to(command);
  add_data_to(command);
  add_prompts_to(command);
  states.add_to(command);
  add_sizes_of_work_to(command);
  command.footer(
      "Examples:\n"
      "  msrnn eval tasks --task squality,qasper --data data --layout paper -o tasks.jsonl\n"
      "  msrnn eval tasks --task qasper --data qasper-test-v0.3.json --chat --policies full,tova --sizes 512 "
      "-o qasper.jsonl\n"
      "  msrnn eval tasks --task gov_report,qmsum --data gov_report=test.jsonl --data qmsum=val.jsonl -o "
      "two.jsonl\n"
      "Reads rows {\"id\", \"document\", \"question\", \"answers\": […]}, SQuALITY's and ZeroSCROLLS' .jsonl "
      "and QASPER's .json.\n"
      "Writes a line an answer, with its scores: ROUGE-1, -2 and -L, F1, or accuracy; then a summary of each "
      "task and\n"
      "state with a 95 % interval, by resampling documents. A run that was stopped, by Ctrl-C or otherwise, "
      "goes on with\n"
      "the same command; more policies and sizes can be added to a file later.");
}

void EvalTasksCommand::add_data_to(CLI::App& command) {
  std::vector<std::string_view> names;
  for (const TextTask& task : all_tasks()) names.push_back(task.name);
  command.add_option("--task", tasks, fmt::format("Some of {}", fmt::join(names, ", ")))
      ->type_name("NAME,...")
      ->delimiter(',')
      ->required();
  command
      .add_option(
          "--data", data,
          "TASK=FILE; or a folder with TASK/TASK.jsonl, TASK.jsonl or files as they were released; or the "
          "file of the only task")
      ->type_name("PLACE...")
      ->required();
  command.add_option("--limit", limit, "The first N questions of each task; 0: all")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void EvalTasksCommand::add_prompts_to(CLI::App& command) {
  command
      .add_option("--layout", layout,
                  "zeroscrolls: instruction, document, question, as the benchmark has it. paper: document, "
                  "instruction, question")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_flag("--chat,!--no-chat", chat, "The prompt is a message, in the model's chat template");
  command
      .add_option("--max-prompt", max_prompt,
                  "Tokens of a prompt; a document that is longer is cut at its end. 0: what the longest "
                  "answer leaves of 4096")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--max-answer", max_answer,
                  "Tokens of an answer, where the task has more. 0: those of the task")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void EvalTasksCommand::add_sizes_of_work_to(CLI::App& command) {
  const auto add = [&command](const char* name, int& value, const char* help) {
    command.add_option(name, value, help)
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 16))
        ->capture_default_str();
  };
  add("--batch", options.batch, "Answers written at once: changes speed and memory, never an answer");
  add("--block", options.block, "Tokens of a prompt read in one pass");
}

std::vector<TaskSet> EvalTasksCommand::read_tasks(Json& description) const {
  std::vector<const TextTask*> chosen;
  for (const std::string& name : tasks) {
    const TextTask* task = &find_task(name);
    if (std::find(chosen.begin(), chosen.end(), task) != chosen.end()) fail_usage("{} is there twice", name);
    chosen.push_back(task);
  }
  const std::vector<std::filesystem::path> files = find_task_files(data, chosen);
  std::vector<TaskSet> sets;
  description = Json::array();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    TaskSet set{chosen[i], read_task_data(files[i], *chosen[i]), {}, chosen[i]->answer_tokens};
    if (max_answer > 0) set.answer_tokens = std::min(set.answer_tokens, max_answer);
    if (limit > 0) set.data.keep_first(static_cast<std::size_t>(limit));
    description.push_back({{"task", set.task->name},
                           {"file", files[i].filename().string()},
                           {"checksum", file_checksum(files[i])},
                           {"questions", set.data.questions.size()},
                           {"documents", set.data.documents.size()}});
    sets.push_back(std::move(set));
  }
  return sets;
}

void EvalTasksCommand::make_prompts(const Engine& engine, TaskSet& set) const {
  const int most = max_prompt > 0 ? max_prompt : kContext - set.answer_tokens;
  TaskPromptMaker maker(engine, *set.task, parse_layout(layout), chat ? Turn::chat : Turn::plain, most);
  for (const TaskQuestion& question : set.data.questions) {
    set.prompts.push_back(maker.make(set.data.documents[question.document], question.text));
  }
}

// Policies and sizes are not among it: a file may get more of them.
Json EvalTasksCommand::describe() const {
  return {{"layout", layout},
          {"chat", chat},
          {"limit", limit},
          {"max_prompt", max_prompt},
          {"max_answer", max_answer},
          {"state_type", options.state.type},
          {"positions", options.state.positions}};
}

void EvalTasksCommand::run() {
  parse_layout(layout);
  const std::vector<Setting> settings = states.settings();
  options.state = states.state;
  Json description;
  std::vector<TaskSet> sets = read_tasks(description);
  const Engine engine = arguments.model.load();
  // Options that cannot be should say so before the work.
  [[maybe_unused]] const MultiState possible(engine.model, options.state);
  for (TaskSet& set : sets) make_prompts(engine, set);
  ResultFile results = arguments.open_results(engine, "tasks", std::move(description), describe());
  do_or_interrupt(arguments.output, "tasks:", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    options.cancel = &interrupted;
    options.progress = [&](std::int64_t now, std::int64_t total, const std::string& what) {
      line.update(now, total, what);
    };
    return run_tasks(engine, sets, settings, results, options);
  });
  print(results, sets, settings);
}

void EvalTasksCommand::print(const ResultFile& results, const std::vector<TaskSet>& sets,
                             const std::vector<Setting>& settings) const {
  std::string text = fmt::format("{:<16}{:<16}{:<10}{:>7}  {:<16}{:>9}{:>10}\n", "task", "state", "metric",
                                 "score", "95 %", "questions", "documents");
  for (const TaskSet& set : sets) {
    for (const Setting& setting : settings) {
      const Json* summary = results.find(summary_key(*set.task, setting));
      if (summary == nullptr) {
        text += fmt::format("{:<16}{:<16}no references\n", set.task->name, setting.key());
        continue;
      }
      const Json& line = *summary;
      text += fmt::format("{:<16}{:<16}{:<10}{:>7.2f}  {:<16}{:>9}{:>10}\n", set.task->name, setting.key(),
                          line.at("metric").get<std::string>(), line.at("score").get<double>(),
                          line.contains("low") ? fmt::format("[{:.2f}, {:.2f}]", line["low"].get<double>(),
                                                             line["high"].get<double>())
                                               : "",
                          line.at("questions").get<std::int64_t>(), line.at("documents").get<std::int64_t>());
    }
  }
  print_text(text);
}

}  // namespace

void add_eval_tasks(CLI::App& group) {
  CLI::App* command = group.add_subcommand("tasks", "Questions about long documents, and their summaries");
  const auto self = std::make_shared<EvalTasksCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
