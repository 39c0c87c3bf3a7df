// The subcommands of the program. Each function adds one, whose callback runs it when the command line is
// parsed.
#pragma once

#include <CLI/CLI.hpp>

namespace msrnn {

void add_run(CLI::App& app);
void add_chat(CLI::App& app);
void add_perplexity(CLI::App& app);
void add_trace(CLI::App& app);
void add_eval(CLI::App& app);
void add_report(CLI::App& app);
void add_score(CLI::App& app);
void add_bench(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_detokenize(CLI::App& app);
void add_inspect(CLI::App& app);
void add_devices(CLI::App& app);
void add_convert(CLI::App& app);
void add_synth(CLI::App& app);

}  // namespace msrnn
