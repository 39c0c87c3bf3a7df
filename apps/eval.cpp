// msrnn eval: the experiments.
#include "eval.h"

#include <cstdio>

#include <fmt/format.h>

#include "commands.h"
#include "eval/checksum.h"
#include "interrupt.h"
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

void do_or_interrupt(const std::filesystem::path& output, const std::string& what, const std::string& unit,
                     const InterruptibleWork& work) {
  const bool finished = [&] {
    const InterruptGuard interrupt;
    ProgressLine line(what, unit);
    return work(line, interrupt.requested());
  }();
  if (finished) return;
  fmt::print(stderr, "msrnn: stopped; the same command goes on with {}\n", output.string());
  throw CLI::RuntimeError(kInterrupted);
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
