#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

struct StoryMeasure {
  const char* field;
  const char* name;
  int digits;
  const char* caption;  // of its figure; null: it has none
};

constexpr StoryMeasure kMeasures[] = {
    {"tokens", "Length in tokens", 0, "Mean length of the stories."},
    {"ended", "Share that ended", 2, nullptr},
    {"distinct_1", "distinct-1", 3, nullptr},
    {"distinct_2", "distinct-2", 3, nullptr},
    {"distinct_3", "distinct-3", 3,
     "Different triples of tokens as a share of all: low where a story repeats itself."},
    {"longest_loop", "Longest loop in tokens", 0, "A piece repeated at once, again and again."},
    {"longest_repeat", "Longest repeat in tokens", 0, nullptr},
};

}  // namespace

void add_stories(const RunResults& results, Section& section) {
  const std::vector<Fields> summaries = results.of("summary/");
  if (summaries.empty()) return;
  section.lead = "Stories written with every state: how long they are, and how much they repeat themselves.";
  std::vector<FieldColumn> columns = {policy_column(), size_column(), number_column("stories", "Stories", 0)};
  for (const StoryMeasure& measure : kMeasures) {
    columns.push_back(number_column(measure.field, measure.name, measure.digits));
    if (measure.caption == nullptr) continue;
    const std::vector<Measured> values = measured(summaries, measure.field);
    if (sizes_of(values).empty()) continue;
    section.figures.push_back({.kind = Figure::Kind::lines,
                               .title = measure.name,
                               .caption = std::string(measure.caption) + " Whiskers are 95 % intervals.",
                               .x = size_axis(values),
                               .y = {.label = measure.name},
                               .series = lines_by_size(values)});
  }
  section.tables.push_back(table_of_fields("Stories", summaries, columns));
}

}  // namespace msrnn::reporting
