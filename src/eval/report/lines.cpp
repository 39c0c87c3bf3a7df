#include <algorithm>

#include <fmt/format.h>

#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

// More would be no reading.
constexpr std::size_t kMostRows = 2000;
constexpr std::size_t kMostColumns = 40;

std::vector<std::string> names_of_fields(std::span<const Fields> lines) {
  std::vector<std::string> names;
  for (const Fields& line : lines) {
    for (const auto& [name, value] : line.object().items()) {
      if (names.size() < kMostColumns && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

// Decimals that tell the numbers of a column apart.
int decimals(std::span<const Fields> lines, const std::string& name) {
  const bool whole = std::ranges::all_of(lines, [&](const Fields& line) {
    const auto value = line.object().find(name);
    return value == line.object().end() || !value->is_number_float();
  });
  return whole ? 0 : 4;
}

bool holds_numbers(std::span<const Fields> lines, const std::string& name) {
  return std::ranges::any_of(lines, [&](const Fields& line) {
    const auto value = line.object().find(name);
    return value != line.object().end() && value->is_number();
  });
}

}  // namespace

void add_lines(const RunResults& results, Section& section) {
  const std::span<const Fields> lines(results.lines.data(), std::min(results.lines.size(), kMostRows));
  Table table = {.title = "Results"};
  if (lines.size() < results.lines.size()) {
    table.title = fmt::format("The first {} of {} results", lines.size(), results.lines.size());
  }
  const std::vector<std::string> names = names_of_fields(lines);
  for (const std::string& name : names) {
    const bool numbers = holds_numbers(lines, name);
    table.columns.push_back({.name = name,
                             .kind = numbers ? Column::Kind::number : Column::Kind::text,
                             .digits = decimals(lines, name)});
  }
  for (const Fields& line : lines) {
    std::vector<Cell>& row = table.rows.emplace_back();
    for (const std::string& name : names) {
      const auto value = line.object().find(name);
      row.push_back(value == line.object().end() ? Cell() : cell_of(*value));
    }
  }
  section.tables.push_back(std::move(table));
}

}  // namespace msrnn::reporting
