#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

// The state that wrote one side's stories, as in "tova/512".
std::string side(const RunResults& file, const std::string& name) {
  const auto data = file.run.object_at("data");
  const auto stories = data ? data->object_at(name) : std::nullopt;
  return stories ? stories->text("state") : std::string();
}

std::string pair_name(const RunResults& file) { return side(file, "a") + " against " + side(file, "b"); }

Point share(const Fields& summary, const std::string& outcome, std::size_t at) {
  const Cell cell = summary.estimate(outcome);
  return {static_cast<double>(at), cell.number.value_or(0), cell.interval};
}

}  // namespace

void add_judge(std::span<const RunResults> files, Section& section) {
  Figure figure{
      .kind = Figure::Kind::shares,
      .title = "Which story is better",
      .caption =
          "A win counts only where the judge prefers the same story in both orders; pairs of identical "
          "stories are left out.",
      .x = {.label = ""},
      .y = {.label = "share of the pairs"},
      .series = {{.name = "first wins", .colour = "win"},
                 {.name = "tie", .colour = "tie"},
                 {.name = "second wins", .colour = "loss"}}};
  std::vector<nlohmann::ordered_json> rows;
  for (const RunResults& file : files) {
    for (const Fields& summary : file.of("summary")) {
      const std::size_t at = rows.size();
      figure.x.categories.push_back(pair_name(file));
      figure.series[0].points.push_back(share(summary, "win", at));
      figure.series[1].points.push_back(share(summary, "tie", at));
      figure.series[2].points.push_back(share(summary, "loss", at));
      rows.push_back(summary.object());
      rows.back().update({{"stories", pair_name(file)}});
    }
  }
  if (rows.empty()) return;
  section.lead = "Stories of two states side by side, judged in both orders.";
  section.figures.push_back(std::move(figure));
  std::vector<Fields> lines;
  for (const auto& row : rows) lines.emplace_back("a judgement", row);
  const std::vector<FieldColumn> columns = {
      text_column("stories", "Stories"),
      number_column("win", "First wins", 3),
      number_column("tie", "Tie", 3),
      number_column("loss", "Second wins", 3),
      number_column("agreement", "Both orders agree", 3),
      number_column("first_chosen", "Shown first, chosen", 3),
      number_column("pairs", "Pairs", 0),
      number_column("identical", "Identical", 0),
      number_column("unclear", "Unclear", 0),
      number_column("judged", "Judged", 0),
      number_column("prompt_tokens", "Tokens read", 0),
      number_column("completion_tokens", "Tokens written", 0),
      number_column("cost", "Cost", 2),
  };
  section.tables.push_back(table_of_fields("Judgements", lines, columns));
}

}  // namespace msrnn::reporting
