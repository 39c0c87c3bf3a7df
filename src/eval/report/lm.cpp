#include <algorithm>
#include <iterator>
#include <limits>

#include "eval/report/by_size.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

const char* const kWhiskers = "Whiskers are 95 % intervals.";

// Some columns, and those that all losses have.
std::vector<FieldColumn> with_losses(std::vector<FieldColumn> columns) {
  columns.push_back(number_column("tokens", "Tokens", 0));
  columns.push_back(number_column("perplexity", "Perplexity", 2, "low", "high"));
  columns.push_back(number_column("bits_per_byte", "Bits per byte", 4));
  columns.push_back(number_column("above_full", "Above full", 2, "above_full_low", "above_full_high"));
  return columns;
}

// Where a figure ends: states that lose the model altogether would leave no room for the others.
std::optional<double> end_of_figure(std::span<const Series> all) {
  constexpr double kLost = 4, kRoom = 3;  // times the best
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& series : all) {
    for (const Point& point : series.points) {
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  return high > kLost * low ? std::optional(kRoom * low) : std::nullopt;
}

Figure perplexity_figure(const std::string& title, std::string caption, Axis x, std::vector<Series> series) {
  const std::optional<double> end = end_of_figure(series);
  if (end) caption += " What leaves the figure at its top is in the table.";
  return {.kind = Figure::Kind::lines,
          .title = title,
          .caption = std::move(caption),
          .x = std::move(x),
          .y = {.label = "perplexity", .end = end},
          .series = std::move(series)};
}

// One line a state and position mode.
std::vector<Series> series_over_position(std::span<const Fields> bins) {
  std::vector<Series> all;
  for (const Fields& bin : bins) {
    const std::string policy = bin.text("policy"), positions = bin.text("positions");
    std::string name = state_name(policy, bin.number("size"));
    if (!positions.empty() && positions != "absolute") name += ", " + positions;
    auto series = std::ranges::find(all, name, &Series::name);
    if (series == all.end()) {
      all.push_back({.name = name, .colour = colour_of(policy), .dashed = policy == "full"});
      series = all.end() - 1;
    }
    const Cell value = bin.estimate("perplexity", "low", "high");
    if (const auto first = bin.number("first"); first && value.number) {
      series->points.push_back({*first, *value.number, {}});
    }
  }
  for (Series& series : all) std::ranges::stable_sort(series.points, {}, &Point::x);
  return all;
}

}  // namespace

void add_lm(const RunResults& results, Section& section) {
  std::vector<Fields> overall, books;
  for (const Fields& line : results.of("summary/")) (line.has("book") ? books : overall).push_back(line);
  if (overall.empty()) return;
  section.lead =
      "How well the model predicts books while its state keeps only so many tokens. full attends to the "
      "whole "
      "chunk; baseline attends fully to pieces no longer than the size.";
  const std::vector<Measured> values = measured(overall, "perplexity", "low", "high");
  if (!sizes_of(values).empty()) {
    section.figures.push_back(perplexity_figure("Perplexity over the size of the state", kWhiskers,
                                                size_axis(values), lines_by_size(values)));
  }
  section.tables.push_back(table_by_size("Perplexity by policy and size", values, 2));
  section.tables.push_back(
      table_of_fields("Perplexity in full", overall, with_losses({policy_column(), size_column()})));
  if (books.empty()) return;
  section.tables.push_back(
      table_of_fields("Perplexity of each book", books,
                      with_losses({text_column("book", "Book"), policy_column(), size_column()})));
}

void add_lm_stream(const RunResults& results, Section& section) {
  std::vector<Fields> overall, bins;
  for (const Fields& line : results.of("summary/")) (line.has("bin") ? bins : overall).push_back(line);
  if (bins.empty()) return;
  section.lead = "One unbroken run over the beginning of each long book, in each way of counting positions.";
  section.figures.push_back(perplexity_figure("Perplexity against position",
                                              "Of the tokens that follow each position, all books together.",
                                              {.label = "position in the book"}, series_over_position(bins)));
  const FieldColumn positions = text_column("positions", "Positions");
  section.tables.push_back(table_of_fields("Perplexity of the streams", overall,
                                           with_losses({policy_column(), size_column(), positions})));
  const FieldColumn first = number_column("first", "From token", 0);
  section.tables.push_back(table_of_fields("Perplexity by position", bins,
                                           with_losses({policy_column(), size_column(), positions, first})));
}

}  // namespace msrnn::reporting
