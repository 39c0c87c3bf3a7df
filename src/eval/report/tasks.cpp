#include <algorithm>
#include <iterator>

#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

std::vector<Fields> of_task(std::span<const Fields> lines, const std::string& task) {
  std::vector<Fields> found;
  std::ranges::copy_if(lines, std::back_inserter(found),
                       [&](const Fields& line) { return line.text("task") == task; });
  return found;
}

std::string metric_name(const std::string& metric) {
  if (metric == "rouge") return "ROUGE";
  if (metric == "f1") return "F1";
  return metric;
}

std::string caption_of(const std::string& metric) {
  const std::string whiskers = "Whiskers are 95 % intervals over documents.";
  return metric == "rouge" ? "Geometric mean of ROUGE-1, -2 and -L. " + whiskers : whiskers;
}

}  // namespace

void add_tasks(const RunResults& results, Section& section) {
  const std::vector<Fields> summaries = results.of("summary/");
  if (summaries.empty()) return;
  section.lead = "Questions about long documents, and their summaries, scored from 0 to 100.";
  std::vector<std::string> tasks;
  for (const Fields& line : summaries) {
    const std::string task = line.text("task");
    if (std::ranges::find(tasks, task) == tasks.end()) tasks.push_back(task);
  }
  for (const std::string& task : tasks) {
    const std::vector<Fields> lines = of_task(summaries, task);
    const std::string metric = lines.front().text("metric");
    const std::vector<Measured> values = measured(lines, "score", "low", "high");
    if (!sizes_of(values).empty()) {
      section.figures.push_back({.kind = Figure::Kind::lines,
                                 .title = task,
                                 .caption = caption_of(metric),
                                 .x = size_axis(values),
                                 .y = {.label = metric_name(metric)},
                                 .series = lines_by_size(values)});
    }
    section.tables.push_back(table_by_size(task + " by policy and size", values, 2));
  }
  const std::vector<FieldColumn> columns = {
      text_column("task", "Task"),
      policy_column(),
      size_column(),
      number_column("score", "Score", 2, "low", "high"),
      number_column("rouge1", "ROUGE-1", 2),
      number_column("rouge2", "ROUGE-2", 2),
      number_column("rougeL", "ROUGE-L", 2),
      number_column("f1", "F1", 2),
      number_column("accuracy", "Accuracy", 2),
      number_column("questions", "Questions", 0),
      number_column("documents", "Documents", 0),
  };
  section.tables.push_back(table_of_fields("Scores in full", summaries, columns));
}

}  // namespace msrnn::reporting
