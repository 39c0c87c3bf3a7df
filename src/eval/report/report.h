// What a report shows: sections of tables and figures, made from results. How they look is the page's matter
// (apps/report_page.h); csv.h and markdown.h write the tables as text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/result_file.h"

namespace msrnn::reporting {

// One of: a number, perhaps with an interval; else a text, which may be empty.
struct Cell {
  std::string text = {};
  std::optional<double> number = {};
  std::optional<Interval> interval = {};
};

struct Column {
  enum class Kind : std::uint8_t { text, policy, number };

  std::string name;
  Kind kind = Kind::text;
  int digits = 2;         // decimals of numbers; for reading only, files get all of them
  bool interval = false;  // cells may have intervals
};

struct Table {
  std::string title;
  std::vector<Column> columns = {};
  std::vector<std::vector<Cell>> rows = {};  // each as long as columns
};

struct Point {
  double x = 0, y = 0;
  std::optional<Interval> interval = {};
};

struct Series {
  std::string name;
  std::string colour;   // colour_of(policy), or "win", "tie", "loss", "measured", "predicted"
  bool dashed = false;  // what others are compared with
  std::vector<Point> points = {};
};

struct Axis {
  std::string label;
  bool logarithmic = false;
  std::optional<double> end = {};            // what is beyond leaves the figure
  std::vector<std::string> categories = {};  // names of x = 0, 1, …; empty: a scale of numbers
  std::vector<double> marks = {};            // of a scale: the values that it names; empty: round ones
};

struct Figure {
  enum class Kind : std::uint8_t { lines, bars, shares };  // shares: stacked bars that fill 0 to 1

  Kind kind = Kind::lines;
  std::string title, caption;
  Axis x, y;
  std::vector<Series> series = {};
};

struct HeatMap {
  std::string group, title;  // maps of one group stand together
  std::string colour;        // colour_of(policy)
  std::string row_label, column_label;
  std::vector<std::string> rows = {}, columns = {};
  std::vector<std::vector<std::optional<double>>> values = {};  // [rows][columns], 0 to 1
};

// Which tokens of a text a state kept, step by step.
struct KeptMap {
  std::string title;
  std::string colour;                                      // colour_of(policy)
  std::vector<std::string> tokens;                         // their texts, fewer than 65,535
  std::vector<std::string> bands = {};                     // names of the kept sets: layers, or their heads
  std::vector<std::vector<std::int32_t>> dropped_at = {};  // [bands][tokens], the step; −1: kept to the end
};

struct Section {
  std::string title, lead;
  std::vector<std::pair<std::string, std::string>> facts;  // what the run was
  std::vector<Figure> figures = {};
  std::vector<HeatMap> heat_maps = {};
  std::vector<KeptMap> kept_maps = {};
  std::vector<Table> tables = {};
};

struct Report {
  std::string title;
  std::vector<Section> sections = {};
};

struct NamedResults {
  std::string name;  // of the file, for messages
  Results results;
};

// A section for each file, in their order; judgements of one or many files are one section. Experiments it
// does not know, and runs that were stopped before their summary, are shown as the table that they are.
// Throws Error naming file and key where a known field is not what it should be, and where there is nothing
// to show.
Report build_report(std::span<const NamedResults> files);

// The name of the colour that a policy has in every figure; the page knows what it looks like.
std::string colour_of(const std::string& policy);

}  // namespace msrnn::reporting
