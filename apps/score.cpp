// msrnn score: metrics of any predictions.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "eval/interval_json.h"
#include "eval/metrics/metric.h"
#include "eval/metrics/predictions.h"
#include "output.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct ScoreCommand {
  std::string metric, predictions, references, key;
  bool json = false;

  void add_to(CLI::App& command);
  void run() const;
};

void ScoreCommand::add_to(CLI::App& command) {
  command.add_option("--metric", metric, "rouge, f1 or accuracy")->type_name("NAME")->required();
  command.add_option("--predictions", predictions, "What was predicted")->type_name("FILE")->required();
  command.add_option("--references", references, "What was expected")->type_name("FILE")->required();
  command.add_option("--key", key, "Which answers of results of 'eval tasks': tova/512, or qasper/tova/512")
      ->type_name("STATE");
  command.add_flag("--json", json, "Print one JSON object, with the scores of every prediction");
  command.footer(
      "Examples:\n"
      "  msrnn score --metric f1 --predictions answers.txt --references expected.txt     line for line\n"
      "  msrnn score --metric rouge --predictions predictions.jsonl --references squality.jsonl --json\n"
      "  msrnn score --metric f1 --predictions tasks.jsonl --key tova/512 --references qasper.jsonl\n"
      "Files named .jsonl have a row {\"id\", \"prediction\"} for a prediction and {\"id\", \"answers\": "
      "[…]} for references,\n"
      "of which the best counts; rows that share a \"doc_id\" are of one document. Files named .json are one "
      "object from id\n"
      "to text. Others have one text a line. Scores are 0 to 100: of rouge the geometric mean of ROUGE-1, -2 "
      "and -L, as the\n"
      "package rouge-score computes them without stemming; of f1 the words shared, as in SQuAD; of accuracy "
      "the letter A to D.\n"
      "The interval is 95 %, by resampling documents, if there are two or more.");
}

void ScoreCommand::run() const {
  const Metric by = parse_metric(metric);
  const auto names = measures(by);
  std::vector<ScoredPrediction> scored;
  Json each = Json::array();
  for (const Prediction& one : read_predictions(predictions, references, key)) {
    scored.push_back({one.group, score(by, one.text, one.references)});
    Json line = {{"id", one.id}};
    for (std::size_t m = 0; m < names.size(); ++m) line[std::string(names[m])] = scored.back().scores[m];
    each.push_back(std::move(line));
  }
  const ScoreSummary summary = summarise(by, scored);
  if (!json) {
    std::string means;
    for (std::size_t m = 0; names.size() > 1 && m < names.size(); ++m) {
      means += fmt::format(", {} {:.2f}", names[m], summary.means[m]);
    }
    const auto& interval = summary.interval;
    print_text(fmt::format("{} {:.2f}{}{}; {} predictions, {} documents\n", metric, summary.score,
                           interval ? fmt::format(" [{:.2f}, {:.2f}]", interval->low, interval->high) : "",
                           means, summary.predictions, summary.groups));
    return;
  }
  Json object = {{"metric", metric}, {"score", summary.score}};
  write_interval(object, summary.interval);
  for (std::size_t m = 0; m < names.size(); ++m) object[std::string(names[m])] = summary.means[m];
  object.update({{"n", summary.predictions}, {"documents", summary.groups}, {"predictions", each}});
  print_text(object.dump() + "\n");
}

}  // namespace

void add_score(CLI::App& app) {
  CLI::App* command = app.add_subcommand("score", "Score predictions against references");
  const auto self = std::make_shared<ScoreCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
