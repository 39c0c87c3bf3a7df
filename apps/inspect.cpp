// msrnn inspect: what is in a model file, and how large its states are.
#include <map>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "msrnn/policy.h"

#include "commands.h"
#include "formats/weight_file.h"
#include "model_options.h"
#include "output.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

constexpr int kCapacities[] = {64, 256, 512, 1024, 2048, 4096};

struct TensorCount {
  std::int64_t tensors = 0, numbers = 0, bytes = 0;
};

std::map<std::string, TensorCount> count_tensors(const WeightFile& file) {
  std::map<std::string, TensorCount> counts;
  for (const StoredTensor& tensor : file.tensors()) {
    TensorCount& count = counts[std::string(traits(tensor.view.dtype).name)];
    ++count.tensors;
    count.numbers += tensor.view.rows * tensor.view.cols;
    count.bytes += tensor.view.bytes();
  }
  return counts;
}

using StateSizes = std::map<int, std::size_t>;  // by capacity

// By name, of those that are bounded and take no number.
std::vector<std::pair<std::string, StateSizes>> measure_states(const Model& model) {
  std::vector<std::pair<std::string, StateSizes>> policies;
  for (const PolicyInfo& info : list_policies()) {
    if (info.name.find_first_of("+:") != std::string::npos || !bounded(parse_policy(info.name))) continue;
    StateSizes sizes;
    for (const int capacity : kCapacities) {
      sizes[capacity] = MultiState(model, {.policy = info.name, .capacity = capacity}).bytes();
    }
    policies.emplace_back(info.name, std::move(sizes));
  }
  return policies;
}

nlohmann::ordered_json to_json(const Engine& engine, const WeightFile& file) {
  const ModelConfig& config = engine.model.config();
  nlohmann::ordered_json tensors, states;
  for (const auto& [type, count] : count_tensors(file)) {
    tensors[type] = {{"tensors", count.tensors}, {"numbers", count.numbers}, {"bytes", count.bytes}};
  }
  for (const auto& [policy, sizes] : measure_states(engine.model)) {
    for (const auto& [capacity, bytes] : sizes) states[policy][std::to_string(capacity)] = bytes;
  }
  return {{"format", file.format()},
          {"architecture", config.architecture},
          {"name", config.name},
          {"layers", config.n_layers},
          {"width", config.width},
          {"heads", config.n_heads},
          {"kv_heads", config.n_kv_heads},
          {"head_dim", config.head_dim},
          {"ffn_width", config.ffn_width},
          {"vocabulary", config.vocabulary},
          {"context_length", config.context_length},
          {"rope_base", config.rope.base},
          {"norm_epsilon", config.norm_epsilon},
          {"fingerprint", fmt::format("{:016x}", engine.model.fingerprint())},
          {"tokenizer", engine.tokenizer.kind()},
          {"chat_template", !engine.tokenizer.chat_template().empty()},
          {"tensors", tensors},
          {"weight_bytes", engine.model.weight_bytes()},
          {"state_bytes", states}};
}

std::string to_text(const Engine& engine, const WeightFile& file) {
  const ModelConfig& config = engine.model.config();
  std::string text = fmt::format(
      "{}, {}, {}\n"
      "  {} layers of width {}, {} heads of {} over {} KV heads, feed-forward {}, vocabulary {}\n"
      "  trained on {} positions, RoPE base {}\n"
      "  tokenizer {}, {} chat template\n"
      "  fingerprint {:016x}\n\n",
      config.name, config.architecture, file.format(), config.n_layers, config.width, config.n_heads,
      config.head_dim, config.n_kv_heads, config.ffn_width, config.vocabulary, config.context_length,
      config.rope.base, engine.tokenizer.kind(), engine.tokenizer.chat_template().empty() ? "no" : "with",
      engine.model.fingerprint());
  text += fmt::format("{:<10}{:>9}{:>15}{:>12}\n", "weights", "tensors", "numbers", "MB");
  for (const auto& [type, count] : count_tensors(file)) {
    text += fmt::format("{:<10}{:>9}{:>15}{:>12.1f}\n", type, count.tensors, count.numbers,
                        static_cast<double>(count.bytes) / 1e6);
  }
  text += "\nMB of a state that keeps so many tokens in every layer, in f16\n          ";
  for (const int capacity : kCapacities) text += fmt::format("{:>9}", capacity);
  for (const auto& [policy, sizes] : measure_states(engine.model)) {
    text += fmt::format("\n{:<10}", policy);
    for (const auto& [capacity, bytes] : sizes)
      text += fmt::format("{:>9.1f}", static_cast<double>(bytes) / 1e6);
  }
  return text + "\nfull      grows with the text as window would with its capacity\n";
}

void inspect(const ModelArguments& model, bool json) {
  const Engine engine = model.load();
  const auto file = open_weight_file(model.path());
  print_text(json ? to_json(engine, *file).dump(2) + "\n" : to_text(engine, *file));
}

}  // namespace

void add_inspect(CLI::App& app) {
  struct Arguments {
    ModelArguments model;
    bool json = false;
  };
  CLI::App* command =
      app.add_subcommand("inspect", "Show what a model file holds, and how large its states are");
  const auto self = std::make_shared<Arguments>();
  self->model.add_to(*command);
  command->add_option("MODEL", self->model.model, "The model, as with -m")->type_name("FILE");
  command->add_flag("--json", self->json, "Print one JSON object");
  command->callback([self] { inspect(self->model, self->json); });
}

}  // namespace msrnn
