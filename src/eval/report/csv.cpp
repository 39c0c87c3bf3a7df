#include "eval/report/csv.h"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace msrnn::reporting {
namespace {

std::string csv_field(std::string_view text) {
  std::string field(text);
  if (!field.empty() && std::string_view("=+-@\t\r").find(field[0]) != std::string_view::npos)
    field.insert(0, "'");
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string out = "\"";
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string digits_of(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

void append(std::string& line, const std::string& field) {
  line += field;
  line += ',';
}

void end_line(std::string& line) { line.replace(line.size() - 1, 1, "\r\n"); }

}  // namespace

std::string to_csv(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) {
    append(out, csv_field(column.name));
    if (!column.interval) continue;
    append(out, csv_field(column.name + " low"));
    append(out, csv_field(column.name + " high"));
  }
  if (table.columns.empty()) return out;
  end_line(out);
  for (const std::vector<Cell>& row : table.rows) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      append(out, row[i].number ? digits_of(*row[i].number) : csv_field(row[i].text));
      if (!table.columns[i].interval) continue;
      const auto& interval = row[i].interval;
      append(out, interval ? digits_of(interval->low) : std::string());
      append(out, interval ? digits_of(interval->high) : std::string());
    }
    end_line(out);
  }
  return out;
}

}  // namespace msrnn::reporting
