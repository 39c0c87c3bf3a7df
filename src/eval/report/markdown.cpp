#include "eval/report/markdown.h"

#include <string_view>

#include <fmt/format.h>

#include "eval/report/numbers.h"

namespace msrnn::reporting {
namespace {

// As one line of text that means nothing but itself.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += ' ';
    } else {
      if (std::string_view("\\|`*_[]~$").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

void append_row(std::string& out, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) out += fmt::format("| {} ", field);
  out += "|\n";
}

void append_table(std::string& out, const Table& table) {
  std::vector<std::string> fields, rule;
  for (const Column& column : table.columns) {
    fields.push_back(plain(column.name));
    rule.emplace_back(column.kind == Column::Kind::number ? "--:" : "---");
  }
  append_row(out, fields);
  append_row(out, rule);
  for (const std::vector<Cell>& row : table.rows) {
    fields.clear();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string interval = readable_interval(row[i], table.columns[i]);
      const std::string value = plain(readable(row[i], table.columns[i]));
      fields.push_back(interval.empty() ? value : fmt::format("{} ({})", value, interval));
    }
    append_row(out, fields);
  }
}

}  // namespace

std::string to_markdown(const Report& report) {
  std::string out = "# " + plain(report.title) + "\n";
  for (const Section& section : report.sections) {
    out += "\n## " + plain(section.title) + "\n";
    if (!section.lead.empty()) out += "\n" + plain(section.lead) + "\n";
    for (const Table& table : section.tables) {
      out += "\n**" + plain(table.title) + "**\n\n";
      append_table(out, table);
    }
  }
  return out;
}

}  // namespace msrnn::reporting
