#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

using Json = nlohmann::ordered_json;

std::string without_last_part(const std::string& key) {
  return key.substr(0, std::min(key.rfind('/'), key.size()));
}

// Summaries with what they are about, which their trials tell: of cells, and of cells over all depths.
struct Summaries {
  std::vector<Json> cells, rows;
};

Summaries summaries_of(const RunResults& results) {
  std::map<std::string, const Json*> by_key;
  for (const Fields& line : results.of("summary/")) by_key.emplace(line.text("key"), &line.object());
  Summaries found;
  const auto add = [&](const Fields& trial, const std::string& about,
                       std::initializer_list<const char*> fields, std::vector<Json>& to) {
    const auto summary = by_key.find("summary/" + about);
    if (summary == by_key.end()) return;
    Json line;
    for (const char* field : fields) {
      if (trial.has(field)) line[field] = trial.object()[field];
    }
    line.update(*summary->second);
    to.push_back(std::move(line));
    by_key.erase(summary);
  };
  for (const Fields& trial : results.lines) {
    if (!trial.has("trial")) continue;
    const std::string cell = without_last_part(trial.text("key"));
    add(trial, cell, {"task", "policy", "size", "layout", "length", "depth"}, found.cells);
    add(trial, without_last_part(cell), {"task", "policy", "size", "layout", "length"}, found.rows);
  }
  return found;
}

// In an order for reading: results come in that of the work.
std::vector<Fields> fields_of(std::span<const Json> lines) {
  const auto place = [](const Fields& line) {
    return std::tuple(line.text("task"), line.text("layout"), line.text("policy"), line.number("size"),
                      line.number("length"), line.number("depth"));
  };
  std::vector<Fields> fields;
  for (const Json& line : lines) {
    fields.emplace_back("the summary " + line["key"].dump(-1, ' ', true, Json::error_handler_t::replace),
                        line);
  }
  std::ranges::stable_sort(fields, {}, place);
  return fields;
}

std::string group_name(const Fields& line) {
  const std::string layout = line.text("layout"), task = line.text("task");
  const std::string pinned = layout.ends_with("-pinned") ? ", pinned" : "";
  if (layout.starts_with("after")) return task + ", question after the text" + pinned;
  if (layout.starts_with("before")) return task + ", question before the text" + pinned;
  return task + ", " + layout;
}

struct Group {
  std::string name;
  std::vector<Fields> lines;
};

std::vector<Group> grouped(std::span<const Fields> lines) {
  std::vector<Group> groups;
  for (const Fields& line : lines) {
    const std::string name = group_name(line);
    auto group = std::ranges::find(groups, name, &Group::name);
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->lines.push_back(line);
  }
  return groups;
}

HeatMap heat_map(const Group& group, const std::string& policy, std::optional<double> size) {
  std::set<double> depths, lengths;
  std::map<std::pair<double, double>, double> values;
  for (const Fields& line : group.lines) {
    const auto depth = line.number("depth"), length = line.number("length");
    if (!depth || !length) continue;
    depths.insert(*depth);
    lengths.insert(*length);
    if (line.text("policy") != policy || line.number("size") != size) continue;
    if (const auto accuracy = line.number("accuracy")) values[{*depth, *length}] = *accuracy;
  }
  HeatMap map{.group = group.name,
              .title = state_name(policy, size),
              .colour = colour_of(policy),
              .row_label = "depth",
              .column_label = "tokens"};
  for (const double length : lengths) map.columns.push_back(fmt::format("{}", length));
  for (const double depth : depths) {
    map.rows.push_back(fmt::format("{:.0f} %", 100 * depth));
    auto& row = map.values.emplace_back();
    for (const double length : lengths) {
      const auto value = values.find({depth, length});
      row.push_back(value == values.end() ? std::nullopt : std::optional(value->second));
    }
  }
  return map;
}

void add_heat_maps(const Group& group, Section& section) {
  std::vector<std::pair<std::string, std::optional<double>>> states;
  for (const Fields& line : group.lines) {
    const std::pair state(line.text("policy"), line.number("size"));
    if (std::ranges::find(states, state) == states.end()) states.push_back(state);
  }
  for (const auto& [policy, size] : states) section.heat_maps.push_back(heat_map(group, policy, size));
}

// Over the sizes, of the longest texts.
void add_figure(const Group& group, Section& section) {
  double longest = 0;
  for (const Fields& line : group.lines) longest = std::max(longest, line.number("length").value_or(0));
  std::vector<Fields> lines;
  std::ranges::copy_if(group.lines, std::back_inserter(lines),
                       [&](const Fields& line) { return line.number("length") == longest; });
  const std::vector<Measured> values = measured(lines, "accuracy", "low", "high");
  if (sizes_of(values).size() < 2) return;
  section.figures.push_back(
      {.kind = Figure::Kind::lines,
       .title = group.name,
       .caption = fmt::format("Facts found in texts of {} tokens, at all depths.", longest),
       .x = size_axis(values),
       .y = {.label = "share found"},
       .series = lines_by_size(values)});
}

}  // namespace

void add_retrieval(const RunResults& results, Section& section) {
  const Summaries summaries = summaries_of(results);
  if (summaries.cells.empty()) return;
  section.lead = "A fact hidden in a long text, and asked for: the limits of what a bounded state can know.";
  const std::vector<Fields> cells = fields_of(summaries.cells), rows = fields_of(summaries.rows);
  for (const Group& group : grouped(rows)) add_figure(group, section);
  for (const Group& group : grouped(cells)) add_heat_maps(group, section);
  std::vector<FieldColumn> columns = {
      text_column("task", "Task"),
      text_column("layout", "Question"),
      policy_column(),
      size_column(),
      number_column("length", "Length", 0),
      number_column("depth", "Depth", 2),
      number_column("accuracy", "Found", 2, "low", "high"),
      number_column("fact_kept", "Share of the fact kept", 3),
      number_column("trials", "Trials", 0),
  };
  section.tables.push_back(table_of_fields("Facts found, at all depths", rows, columns));
  section.tables.push_back(table_of_fields("Facts found", cells, columns));
}

}  // namespace msrnn::reporting
