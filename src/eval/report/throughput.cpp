#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {

void add_throughput(const RunResults& results, Section& section) {
  const std::vector<Fields> summaries = results.of("summary/");
  if (summaries.empty()) return;
  section.lead =
      "As many sequences at once as the given memory holds, each from its first token to its last. Predicted "
      "is what "
      "the machine's bandwidth and arithmetic would allow.";
  Figure figure{
      .kind = Figure::Kind::bars,
      .title = "Tokens a second",
      .caption = "All sequences of a batch together.",
      .x = {.label = ""},
      .y = {.label = "tokens/s"},
      .series = {{.name = "measured", .colour = "measured"}, {.name = "predicted", .colour = "predicted"}}};
  for (const Fields& line : summaries) {
    const auto at = static_cast<double>(figure.x.categories.size());
    const auto measured = line.number("tokens_per_second");
    const auto predicted = line.number("predicted_tokens_per_second");
    if (!measured && !predicted) continue;
    figure.x.categories.push_back(state_name(line.text("policy"), line.number("size")));
    if (measured) figure.series[0].points.push_back({at, *measured});
    if (predicted) figure.series[1].points.push_back({at, *predicted});
  }
  if (!figure.x.categories.empty()) section.figures.push_back(std::move(figure));
  const std::vector<FieldColumn> columns = {
      policy_column(),
      size_column(),
      number_column("batch", "Largest batch", 0),
      number_column("state_bytes", "Bytes of a state", 0),
      number_column("tokens_per_second", "Tokens/s", 1),
      number_column("relative", "Relative", 2),
      number_column("predicted_tokens_per_second", "Predicted tokens/s", 1),
      number_column("predicted_relative", "Predicted relative", 2),
      number_column("sequences", "Sequences", 0),
      number_column("tokens", "Tokens of each", 0),
      number_column("seconds", "Seconds", 1),
  };
  section.tables.push_back(table_of_fields("Throughput", summaries, columns));
}

}  // namespace msrnn::reporting
