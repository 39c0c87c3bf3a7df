// Options that several subcommands share: which model, on what device, and with what state.
//
// A subcommand keeps these structs, at a fixed address, as long as its CLI::App lives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "msrnn/engine.h"
#include "msrnn/sequence.h"
#include "msrnn/state.h"

namespace msrnn {

// -m, --device, --threads, --precision
struct ModelArguments {
  std::string model;
  ModelOptions options;

  void add_to(CLI::App& command);
  // Only -m, for commands that compute nothing.
  void add_model_to(CLI::App& command);

  // The file or folder: -m, else $MSRNN_MODEL, else the demo model in the cache folder; fetched first, if it
  // is on the hub. Throws UsageError where there is none, naming the command that fetches it.
  std::filesystem::path path() const;
  Engine load() const { return Engine::load(path(), options); }

 private:
  std::filesystem::path find() const;

  mutable std::filesystem::path found_;  // the hub is asked once
};

// A file or folder by its path, or by its name on the hub, from which it is fetched.
std::filesystem::path find_model(const std::string& name);

// --policy, --state, --state-type, --positions, --prompt-mode, --block
struct StateArguments {
  std::string policy = StateOptions().policy;
  std::vector<int> capacities = {StateOptions().capacity};  // one for all layers, or one a layer
  std::string type = StateOptions().type;
  std::string positions = StateOptions().positions;
  std::string prompt_mode = "per-step";
  int block = ReadOptions().block;

  void add_to(CLI::App& command);

  StateOptions options() const;
  // Throws UsageError if an option given on the command line says something else than the state.
  void check_agrees(const MultiState& state) const;
  // Reads the first tokens of a sequence as --prompt-mode says.
  std::int64_t read_prompt(Sequence& sequence, std::span<const Token> tokens,
                           const ReadOptions& read_options) const;

 private:
  const CLI::App* command_ = nullptr;
};

// All bytes of a file, or of standard input for "-". Throws Error with the reason.
std::string read_text(const std::string& path);

}  // namespace msrnn
