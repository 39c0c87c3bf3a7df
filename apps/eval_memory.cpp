// msrnn eval memory: what bounded states keep of a text, and for how long.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "eval.h"
#include "eval/checksum.h"
#include "eval/memory.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct MemoryCommand {
  EvalArguments shared;
  std::vector<std::filesystem::path> data, tags;
  SettingArguments states{{"tova", "h2o", "window+4"}, {512}};
  ChunkOptions chunks;
  MemoryOptions options;
  bool no_attention = false;

  void add_to(CLI::App& command);
  void run();

 private:
  void add_measures_to(CLI::App& command);
  ResultFile open(const Engine& engine, std::span<const Text> texts,
                  std::span<const std::filesystem::path> tags_of) const;
  void print(const ResultFile& results) const;
};

void MemoryCommand::add_to(CLI::App& command) {
  shared.add_to(command);
  command.add_option("--data", data, "Texts, and folders of them (*.txt)")->type_name("PATH")->required();
  command
      .add_option("--tags", tags,
                  "Tags of their words, NAME.tsv for NAME.txt (docs/word-tags.md; scripts/pos_tags.py makes "
                  "them), and folders of such files")
      ->type_name("PATH");
  states.add_to(command);
  command.add_option("--context", chunks.context, "Tokens of a chunk; the state is empty at its start")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--chunks", chunks.chunks, "Chunks from the front of each text; 0: all")
      ->type_name("N")
      ->capture_default_str();
  add_measures_to(command);
  command.footer(
      "Example: msrnn eval memory --data books --tags tags --policies tova,h2o --sizes 256,512 -o "
      "memory.jsonl\n"
      "Recent: kept tokens that are among the K latest, over all steps that drop one. Token 0: layers that "
      "keep "
      "it to\nthe end. Lost: full attention's probability of tokens that are gone. Survival: steps that "
      "attend a "
      "token.\nStopped at any moment, the same command goes on.");
}

void MemoryCommand::add_measures_to(CLI::App& command) {
  command
      .add_option("--maps", options.maps, "Chunks of which the fate of every token is written, the first N")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--every", options.every, "Steps that one value of a series is the mean of")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--no-attention", no_attention,
                   "Leave out the attention lost, whose cost grows with the square of --context");
  command.add_option("--block", options.block, "Tokens read in one pass: changes speed, never the result")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
}

ResultFile MemoryCommand::open(const Engine& engine, std::span<const Text> texts,
                               std::span<const std::filesystem::path> tags_of) const {
  Json of_data = Json::array();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    of_data.push_back({{"text", texts[i].name}, {"checksum", checksum(texts[i].bytes)}});
    if (!tags_of[i].empty()) of_data.back()["tags"] = file_checksum(tags_of[i]);
  }
  return shared.open_results(engine, "memory", of_data,
                             {{"policies", states.policies},
                              {"sizes", states.sizes},
                              {"context", chunks.context},
                              {"chunks", chunks.chunks},
                              {"maps", options.maps},
                              {"every", options.every},
                              {"attention", options.attention},
                              {"state_type", options.state.type},
                              {"positions", options.state.positions}});
}

void MemoryCommand::run() {
  options.settings = states.settings();
  options.state = states.state;
  options.attention = !no_attention;
  const std::vector<Text> texts = read_texts(data);
  const std::vector<std::filesystem::path> tags_of = find_tags(texts, tags);
  const Engine engine = shared.model.load();
  std::vector<WatchedText> watched;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<WatchedText> of_text = cut_chunks(engine.tokenizer, texts[i], tags_of[i], chunks);
    std::move(of_text.begin(), of_text.end(), std::back_inserter(watched));
  }
  check_memory(engine, options);
  ResultFile results = open(engine, texts, tags_of);
  do_or_interrupt(shared.output, "read", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    options.progress = [&](const MemoryProgress& progress) {
      line.update(progress.done, progress.total, progress.what);
      return !interrupted;
    };
    return run_memory(engine, watched, options, results);
  });
  print(results);
}

std::string percent(const Json& measure) {
  return measure.is_null() || measure["mean"].is_null()
             ? "-"
             : fmt::format("{:.1f} %", 100 * measure["mean"].get<double>());
}

std::size_t longest(std::span<const std::string> texts) {
  std::size_t length = 0;
  for (const std::string& text : texts) length = std::max(length, text.size());
  return length;
}

// Tags with their survival at each setting, those that live longest at the first one above.
std::string table_of_tags(std::span<const Json> summaries, std::span<const std::string> settings) {
  std::vector<std::string> tags;
  for (const auto& [tag, survival] : summaries[0]["survival_by_tag"].items()) tags.push_back(tag);
  const auto steps = [](const Json& summary, const std::string& tag) {
    return summary["survival_by_tag"][tag]["steps"].get<double>();
  };
  std::stable_sort(tags.begin(), tags.end(), [&](const std::string& a, const std::string& b) {
    return steps(summaries[0], a) > steps(summaries[0], b);
  });
  const std::size_t first = std::max<std::size_t>(longest(tags), 3), width = longest(settings) + 2;
  std::string table = fmt::format("\n{:<{}}{:>9}", "tag", first, "tokens");
  for (const std::string& setting : settings) table += fmt::format("{:>{}}", setting, width);
  for (const std::string& tag : tags) {
    table +=
        fmt::format("\n{:<{}}{:>9}", tag, first, summaries[0]["survival_by_tag"][tag]["tokens"].get<int>());
    for (const Json& summary : summaries) table += fmt::format("{:>{}.0f}", steps(summary, tag), width);
  }
  return table + "\n";
}

void MemoryCommand::print(const ResultFile& results) const {
  std::vector<Json> summaries;
  std::vector<std::string> names;
  for (const Setting& setting : options.settings) {
    names.push_back(setting.key());
    summaries.push_back(*results.find(setting.summary_key()));
  }
  const std::size_t width = std::max<std::size_t>(longest(names), 5);
  std::string text = fmt::format("{:<{}}{:>7}{:>10}{:>15}{:>10}{:>16}{:>10}\n", "state", width, "texts",
                                 "recent", "recent at end", "token 0", "attention lost", "survival");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Json& summary = summaries[i];
    text += fmt::format("{:<{}}{:>7}{:>10}{:>15}{:>10}{:>16}{:>10.1f}\n", names[i], width,
                        summary["texts"].get<int>(), percent(summary["recent_share"]),
                        percent(summary["recent_share_end"]), percent(summary["first_token_kept"]),
                        percent(summary.value("attention_lost", Json(nullptr))),
                        summary["survival"]["mean"].get<double>());
  }
  if (summaries[0].contains("survival_by_tag")) text += table_of_tags(summaries, names);
  print_text(text);
}

}  // namespace

void add_eval_memory(CLI::App& group) {
  CLI::App* command = group.add_subcommand("memory", "Watch what states keep of texts, and for how long");
  const auto self = std::make_shared<MemoryCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
