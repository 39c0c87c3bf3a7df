#include "eval/report/by_size.h"

#include <algorithm>

#include <fmt/format.h>

namespace msrnn::reporting {
namespace {

// The unbounded policy, and full attention over pieces: neither is a bounded state.
bool is_comparison(const std::string& policy) { return policy == "full" || policy == "baseline"; }

Series series_of(const std::string& policy, std::span<const Measured> values, std::span<const double> sizes) {
  Series series{.name = policy, .colour = colour_of(policy), .dashed = is_comparison(policy)};
  for (const Measured& one : values) {
    if (one.policy != policy || !one.value.number) continue;
    if (one.size) {
      series.points.push_back({*one.size, *one.value.number, one.value.interval});
    } else if (!sizes.empty()) {
      // A level line from beyond one end of the figure to beyond the other.
      series.points.push_back({sizes.front() / 2, *one.value.number, {}});
      for (const double size : sizes) series.points.push_back({size, *one.value.number, {}});
      series.points.push_back({sizes.back() * 2, *one.value.number, {}});
    }
  }
  std::ranges::stable_sort(series.points, {}, &Point::x);
  return series;
}

bool has_nothing(const Cell& cell) { return cell.text.empty() && !cell.number; }

Cell value_of(const FieldColumn& column, const Fields& line) {
  if (column.column.kind == Column::Kind::number) return line.estimate(column.field, column.low, column.high);
  return {.text = line.text(column.field)};
}

}  // namespace

std::vector<Measured> measured(std::span<const Fields> lines, const std::string& field,
                               const std::string& low, const std::string& high) {
  std::vector<Measured> values;
  for (const Fields& line : lines) {
    values.push_back({line.text("policy"), line.number("size"), line.estimate(field, low, high)});
  }
  return values;
}

std::vector<std::string> policies_of(std::span<const Measured> values) {
  std::vector<std::string> policies;
  for (const Measured& one : values) {
    if (std::ranges::find(policies, one.policy) == policies.end()) policies.push_back(one.policy);
  }
  return policies;
}

std::vector<double> sizes_of(std::span<const Measured> values) {
  std::vector<double> sizes;
  for (const Measured& one : values) {
    if (one.size) sizes.push_back(*one.size);
  }
  std::ranges::sort(sizes);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Axis size_axis(std::span<const Measured> values) {
  return {.label = "tokens kept", .logarithmic = true, .marks = sizes_of(values)};
}

std::vector<Series> lines_by_size(std::span<const Measured> values) {
  const std::vector<double> sizes = sizes_of(values);
  std::vector<Series> all;
  for (const std::string& policy : policies_of(values)) {
    Series series = series_of(policy, values, sizes);
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

Table table_by_size(const std::string& title, std::span<const Measured> values, int digits) {
  Table table{.title = title, .columns = {policy_column().column}};
  std::vector<std::optional<double>> columns;
  for (const double size : sizes_of(values)) columns.emplace_back(size);
  const bool unbounded = std::ranges::any_of(values, [](const Measured& one) { return !one.size; });
  if (unbounded) columns.emplace_back();
  for (const auto& size : columns) {
    table.columns.push_back({.name = size ? fmt::format("{}", *size) : "unbounded",
                             .kind = Column::Kind::number,
                             .digits = digits});
  }
  for (const std::string& policy : policies_of(values)) {
    std::vector<Cell>& row = table.rows.emplace_back();
    row.push_back({.text = policy});
    for (const auto& size : columns) {
      const auto is_it = [&](const Measured& one) { return one.policy == policy && one.size == size; };
      const auto found = std::ranges::find_if(values, is_it);
      row.push_back(found == values.end() ? Cell() : Cell{.text = {}, .number = found->value.number});
    }
  }
  return table;
}

std::string state_name(const std::string& policy, std::optional<double> size) {
  return size ? fmt::format("{} {}", policy, *size) : policy;
}

Table table_of_fields(const std::string& title, std::span<const Fields> lines,
                      std::span<const FieldColumn> columns) {
  Table table{.title = title, .rows = std::vector<std::vector<Cell>>(lines.size())};
  for (const FieldColumn& column : columns) {
    std::vector<Cell> cells;
    for (const Fields& line : lines) cells.push_back(value_of(column, line));
    if (std::ranges::all_of(cells, has_nothing)) continue;
    table.columns.push_back(column.column);
    table.columns.back().interval =
        std::ranges::any_of(cells, [](const Cell& cell) { return cell.interval.has_value(); });
    for (std::size_t i = 0; i < lines.size(); ++i) table.rows[i].push_back(std::move(cells[i]));
  }
  return table;
}

FieldColumn text_column(const std::string& field, const std::string& name) {
  return {field, {.name = name, .kind = Column::Kind::text}};
}

FieldColumn number_column(const std::string& field, const std::string& name, int digits,
                          const std::string& low, const std::string& high) {
  return {field, {.name = name, .kind = Column::Kind::number, .digits = digits}, low, high};
}

FieldColumn policy_column() { return {"policy", {.name = "Policy", .kind = Column::Kind::policy}}; }

FieldColumn size_column() { return number_column("size", "Size", 0); }

}  // namespace msrnn::reporting
