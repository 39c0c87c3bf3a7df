// What the subcommands of `msrnn eval` share: a model, and a file of results that a killed run goes on with.
//
// A subcommand keeps these structs, at a fixed address, as long as its CLI::App lives.
#pragma once

#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "eval/result_file.h"
#include "model_options.h"

namespace msrnn {

// -m, --device, --threads, -o
struct EvalArguments {
  ModelArguments model;
  std::filesystem::path output;

  void add_to(CLI::App& command);

  // Begins the results of this experiment, or goes on with them. data: what identifies the texts (checksums);
  // options: all others that results depend on.
  ResultFile open_results(const Engine& engine, const std::string& experiment, nlohmann::ordered_json data,
                          nlohmann::ordered_json options) const;
};

void add_eval_judge(CLI::App& group);
void add_eval_lm(CLI::App& group);
void add_eval_memory(CLI::App& group);
void add_eval_retrieval(CLI::App& group);
void add_eval_stories(CLI::App& group);
void add_eval_tasks(CLI::App& group);
void add_eval_throughput(CLI::App& group);

}  // namespace msrnn
