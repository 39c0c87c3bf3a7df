#include "model_options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/ranges.h>

#include "msrnn/policy.h"

#include "base/fail.h"
#include "hub.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

constexpr std::string_view kDemoModel = "SmolLM2-135M-Instruct.Q4_1.gguf";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::filesystem::path cache_folder() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return std::filesystem::path(cache) / "msrnn";
  }
  return std::filesystem::path(environment("HOME")) / ".cache" / "msrnn";
}

std::string policy_help() {
  std::string help = "What the state keeps:";
  for (const PolicyInfo& info : list_policies())
    help += fmt::format("\n  {}: {}", info.name, info.description);
  return help;
}

}  // namespace

void ModelArguments::add_model_to(CLI::App& command) {
  command
      .add_option("-m,--model", model,
                  "The model: a GGUF file, a Hugging Face folder, or hf:ORG/NAME[:FILE], which is fetched "
                  "from the hub. Else "
                  "$MSRNN_MODEL, else the demo model in the cache folder")
      ->type_name("MODEL");
}

void ModelArguments::add_to(CLI::App& command) {
  add_model_to(command);
  command.add_option("--device", options.device, "What computes: 'msrnn devices' lists what there is")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "Threads; 0 is one per processor")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      .add_option(
          "--precision", options.precision,
          "To how many bits inputs of products with weights are rounded. exact: 15; mixed (the default): 15 "
          "where they are large, 8 elsewhere; fast: 8, as most engines do. Fewer read faster")
      ->type_name("NAME")
      ->check(CLI::IsMember({"exact", "mixed", "fast"}));
}

std::filesystem::path find_model(const std::string& name) {
  return name.starts_with(kHubPrefix) ? fetch_from_hub(parse_hub_name(name), cache_folder())
                                      : std::filesystem::path(name);
}

std::filesystem::path ModelArguments::path() const {
  if (found_.empty()) found_ = find();
  return found_;
}

std::filesystem::path ModelArguments::find() const {
  if (!model.empty()) return find_model(model);
  if (const std::string name = environment("MSRNN_MODEL"); !name.empty()) return find_model(name);
  std::filesystem::path demo = cache_folder() / kDemoModel;
  std::error_code ignored;
  if (std::filesystem::exists(demo, ignored)) return demo;
  fail_usage(
      "no model: name one with -m FILE or in MSRNN_MODEL, or run scripts/fetch_model, which fetches the demo "
      "model to {}",
      demo.string());
}

void StateArguments::add_to(CLI::App& command) {
  command_ = &command;
  command.add_option("--policy", policy, policy_help())->type_name("NAME")->capture_default_str();
  command
      .add_option("--state", capacities,
                  "Tokens the state keeps in every layer, or a comma list with one number a layer")
      ->type_name("K")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option(
          "--state-type", type,
          "Number type of the state: f32, f16, bf16, or q8_0, which takes about half the bytes of f16")
      ->type_name("TYPE")
      ->capture_default_str();
  command
      .add_option("--positions", positions,
                  "Where a kept token stands: absolute, in-cache (its rank) or compressed (gaps shortened)")
      ->type_name("MODE")
      ->capture_default_str();
  command
      .add_option(
          "--prompt-mode", prompt_mode,
          "per-step: evict after every token. last-query: read the whole text with full attention, then "
          "select once; its memory grows with the text")
      ->check(CLI::IsMember({"per-step", "last-query"}))
      ->capture_default_str();
  command
      .add_option("--block", block,
                  "Tokens read in one pass: changes speed and scratch memory, never the result")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
}

StateOptions StateArguments::options() const {
  StateOptions options;
  options.policy = policy;
  options.type = type;
  options.positions = positions;
  options.capacity = capacities.front();
  if (capacities.size() > 1) options.layer_capacities = capacities;
  return options;
}

void StateArguments::check_agrees(const MultiState& state) const {
  const StateOptions& saved = state.options();
  const auto check = [this](const char* option, const std::string& asked, const std::string& found) {
    if (command_->count(option) > 0 && asked != found) {
      fail_usage("{} {} contradicts the loaded state, which has {}", option, asked, found);
    }
  };
  check("--policy", to_string(parse_policy(policy)), to_string(parse_policy(saved.policy)));
  check("--state-type", type, saved.type);
  check("--positions", positions, saved.positions);
  if (command_->count("--state") > 0 && bounded(parse_policy(saved.policy))) {
    for (int layer = 0; layer < state.n_layers(); ++layer) {
      const bool one_a_layer = static_cast<int>(capacities.size()) == state.n_layers();
      const int asked = one_a_layer ? capacities[static_cast<std::size_t>(layer)] : capacities.front();
      if ((capacities.size() > 1 && !one_a_layer) || asked != state.capacity(layer)) {
        fail_usage("--state {} contradicts the loaded state, whose layer {} keeps {}",
                   fmt::join(capacities, ","), layer, state.capacity(layer));
      }
    }
  }
  if (command_->count("--prompt-mode") > 0 && prompt_mode == "last-query") {
    fail_usage("--prompt-mode last-query reads the first text of a state, but the loaded state is not empty");
  }
}

std::int64_t StateArguments::read_prompt(Sequence& sequence, std::span<const Token> tokens,
                                         const ReadOptions& read_options) const {
  if (prompt_mode == "last-query") return sequence.read_prompt_at_once(tokens, read_options);
  return sequence.read(tokens, read_options);
}

std::string read_text(const std::string& path) {
  const auto close = [](std::FILE* file) { return file == stdin ? 0 : std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"),
                                                         close);
  if (file == nullptr) fail("{}: {}", path, std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (std::ferror(file.get()) != 0) fail("{}: {}", path, std::strerror(errno));
  return text;
}

}  // namespace msrnn
