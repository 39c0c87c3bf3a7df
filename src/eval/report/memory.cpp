#include <algorithm>
#include <functional>
#include <map>

#include "base/fail.h"
#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

struct MemoryFigure {
  const char* field;
  const char* title;
  const char* caption;
  const char* axis;
};

constexpr MemoryFigure kFigures[] = {
    {"recent_share", "Recent tokens among the kept",
     "Share of the kept tokens that are among the last ones read, as many as the state keeps. The paper "
     "found 0.73 "
     "to 0.76 for TOVA.",
     "share"},
    {"attention_lost", "Attention to what was dropped",
     "Probability that full attention gives to tokens the state no longer has.", "probability"},
};

bool holds_numbers(std::span<const Measured> values) {
  return std::ranges::any_of(values, [](const Measured& one) { return one.size && one.value.number; });
}

// Mean steps by tag: rows are tags, those that live longest in the first state first; columns are states.
Table tag_table(std::span<const Fields> summaries) {
  struct Tag {
    double tokens = 0;
    std::vector<Cell> steps;  // [states]
  };
  std::map<std::string, Tag> tags;
  Table table{.title = "Steps a token stays, by part of speech"};
  table.columns = {{.name = "Tag"}, {.name = "Tokens", .kind = Column::Kind::number, .digits = 0}};
  std::size_t states = 0;
  for (const Fields& line : summaries) {
    const auto by_tag = line.object_at("survival_by_tag");
    if (!by_tag) continue;
    table.columns.push_back({.name = state_name(line.text("policy"), line.number("size")),
                             .kind = Column::Kind::number,
                             .digits = 0});
    for (const auto& [name, unused] : by_tag->object().items()) {
      const Fields of_tag = by_tag->object_at(name).value_or(*by_tag);
      Tag& tag = tags[name];
      tag.tokens = std::max(tag.tokens, of_tag.number("tokens").value_or(0));
      tag.steps.resize(states);
      tag.steps.push_back(of_tag.estimate("steps"));
    }
    ++states;
  }
  for (auto& [name, tag] : tags) {
    tag.steps.resize(states);
    std::vector<Cell>& row = table.rows.emplace_back();
    row = {{.text = name}, {.text = {}, .number = tag.tokens}};
    row.insert(row.end(), tag.steps.begin(), tag.steps.end());
  }
  std::ranges::stable_sort(table.rows, std::greater(),
                           [](const std::vector<Cell>& row) { return row[2].number.value_or(0); });
  return table;
}

// One a token; a token is dropped in its own step or later, or never. False where none is dropped.
bool check_steps(const Fields& line, std::span<const std::int32_t> steps, std::int32_t tokens) {
  bool drops = false;
  if (std::ssize(steps) != tokens) {
    fail("{}: dropped_at: expected {} steps, one a token, found {}", line.place(), tokens, steps.size());
  }
  for (std::int32_t token = 0; token < tokens; ++token) {
    const std::int32_t step = steps[static_cast<std::size_t>(token)];
    if (step != -1 && (step < token || step >= tokens)) {
      fail("{}: dropped_at: token {} cannot be dropped in step {} of {}", line.place(), token, step, tokens);
    }
    drops = drops || step >= 0;
  }
  return drops;
}

// None for a state that drops nothing, and for texts that are too long to be looked at.
std::optional<KeptMap> kept_map(const RunResults& results, const Fields& line) {
  constexpr std::size_t kMostTokens = 65534;
  const auto cube = line.integer_cube("dropped_at");
  const std::string policy = line.text("policy"), name = line.text("text");
  const std::vector<Fields> texts = results.of("text/" + name);
  const auto text =
      std::ranges::find(texts, "text/" + name, [](const Fields& one) { return one.text("key"); });
  if (text == texts.end()) return std::nullopt;
  KeptMap map{.title = state_name(policy, line.number("size")) + " \u00B7 " + name,
              .colour = colour_of(policy),
              .tokens = text->texts("pieces")};
  bool drops = false;
  for (std::size_t layer = 0; layer < cube.size(); ++layer) {
    for (std::size_t lane = 0; lane < cube[layer].size(); ++lane) {
      const std::vector<std::int32_t>& steps = cube[layer][lane];
      drops = check_steps(line, steps, static_cast<std::int32_t>(map.tokens.size())) || drops;
      map.bands.push_back(cube[layer].size() == 1 ? fmt::format("{}", layer)
                                                  : fmt::format("{}, head {}", layer, lane));
      map.dropped_at.push_back(steps);
    }
  }
  if (!drops || map.tokens.size() > kMostTokens) return std::nullopt;
  return map;
}

}  // namespace

void add_memory(const RunResults& results, Section& section) {
  const std::vector<Fields> summaries = results.of("summary/");
  for (const MemoryFigure& figure : kFigures) {
    const std::vector<Measured> values = measured(summaries, figure.field);
    if (!holds_numbers(values)) continue;
    section.figures.push_back({.kind = Figure::Kind::lines,
                               .title = figure.title,
                               .caption = figure.caption,
                               .x = size_axis(values),
                               .y = {.label = figure.axis},
                               .series = lines_by_size(values)});
  }
  for (const Fields& line : results.lines) {
    if (!line.has("dropped_at")) continue;
    if (std::optional<KeptMap> map = kept_map(results, line)) section.kept_maps.push_back(std::move(*map));
  }
  if (summaries.empty()) return;
  section.lead =
      "Which tokens the states keep, for how long, and how much attention goes to what they dropped.";
  const std::vector<FieldColumn> columns = {
      policy_column(),
      size_column(),
      number_column("texts", "Texts", 0),
      number_column("recent_share", "Recent share", 3),
      number_column("recent_share_end", "Recent share at the end", 3),
      number_column("first_token_kept", "Layers with the first token", 3),
      number_column("survival", "Steps a token stays", 1),
      number_column("attention_lost", "Attention lost", 4),
  };
  section.tables.push_back(table_of_fields("What is kept", summaries, columns));
  if (Table tags = tag_table(summaries); !tags.rows.empty()) section.tables.push_back(std::move(tags));
}

}  // namespace msrnn::reporting
