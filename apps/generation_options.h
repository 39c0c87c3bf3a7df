// Options of the subcommands that write text.
#pragma once

#include <CLI/CLI.hpp>

#include "msrnn/generate.h"

namespace msrnn {

// -n, --stop, --ignore-end, and how the next token is chosen. `options` holds the defaults, then the choices.
struct GenerationArguments {
  GenerateOptions options;

  void add_to(CLI::App& command);
};

}  // namespace msrnn
