// msrnn eval: the experiments.
#include "eval.h"

#include "commands.h"
#include "eval/checksum.h"
#include "version.h"

namespace msrnn {

void EvalArguments::add_to(CLI::App& command) {
  model.add_to(command);
  command
      .add_option("-o,--output", output,
                  "The results, one JSON object a line; a run that was stopped goes on with its file")
      ->type_name("FILE")
      ->required();
}

ResultFile EvalArguments::open_results(const Engine& engine, const std::string& experiment,
                                       nlohmann::ordered_json data, nlohmann::ordered_json options) const {
  const Model& loaded = engine.model;
  return ResultFile(output, {
                                {"experiment", experiment},
                                {"version", version()},
                                {"model",
                                 {{"name", loaded.config().name},
                                  {"fingerprint", hexadecimal(loaded.fingerprint())},
                                  {"device", loaded.arithmetic()}}},
                                {"data", std::move(data)},
                                {"options", std::move(options)},
                            });
}

void add_eval(CLI::App& app) {
  CLI::App* group = app.add_subcommand("eval", "Run an experiment");
  group->require_subcommand(1);
  add_eval_judge(*group);
  add_eval_lm(*group);
  add_eval_memory(*group);
  add_eval_retrieval(*group);
  add_eval_stories(*group);
  add_eval_tasks(*group);
  add_eval_throughput(*group);
}

}  // namespace msrnn
