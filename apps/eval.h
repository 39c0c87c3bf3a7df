// What the subcommands of `msrnn eval` share: a model, and a file of results that a killed run goes on with.
//
// A subcommand keeps these structs, at a fixed address, as long as its CLI::App lives.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "eval/result_file.h"
#include "model_options.h"
#include "progress.h"

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

// Does the work of an experiment beside a progress line of this beginning and unit. work(line, interrupted)
// stops at Ctrl-C, which sets interrupted, and then returns false: that ends the program, saying that the
// same command goes on with the output.
using InterruptibleWork = std::function<bool(ProgressLine& line, const std::atomic<bool>& interrupted)>;
void do_or_interrupt(const std::filesystem::path& output, const std::string& what, const std::string& unit,
                     const InterruptibleWork& work);

void add_eval_judge(CLI::App& group);
void add_eval_lm(CLI::App& group);
void add_eval_memory(CLI::App& group);
void add_eval_retrieval(CLI::App& group);
void add_eval_stories(CLI::App& group);
void add_eval_tasks(CLI::App& group);
void add_eval_throughput(CLI::App& group);

}  // namespace msrnn
