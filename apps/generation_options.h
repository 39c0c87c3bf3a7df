// Options of the subcommands that write text.
#pragma once

#include <string_view>

#include <CLI/CLI.hpp>

#include "msrnn/generate.h"

namespace msrnn {

// -n, --stop, --ignore-end, and how the next token is chosen. `options` holds the defaults, then the choices.
struct GenerationArguments {
  GenerateOptions options;

  void add_to(CLI::App& command);
};

// "max_tokens", "end_token", "stop_text" or "cancelled".
std::string_view to_string(StopReason reason);

}  // namespace msrnn
