#include "report_page.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "eval/report/csv.h"
#include "eval/report/figures_json.h"
#include "eval/report/numbers.h"
#include "html.h"

namespace msrnn {

// The files of apps/report/, and the chart library.
namespace embedded {
std::string_view page();
std::string_view style();
std::string_view theme();
std::string_view figures();
std::string_view kept_map();
std::string_view chart_library();
}  // namespace embedded

namespace {

using reporting::Cell;
using reporting::Column;
using reporting::Figure;
using reporting::HeatMap;
using reporting::KeptMap;
using reporting::Section;
using reporting::Table;

// A file name made of a title.
std::string file_name(std::string_view title) {
  std::string name;
  for (const char c : title) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (letter || capital) {
      name += capital ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (name.size() > 60) name.resize(60);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "table" : name;
}

// A cell, and another one for its interval where the column has intervals.
std::string cell_html(const Cell& cell, const Column& column) {
  const std::string text = html_text(readable(cell, column));
  const std::string interval =
      column.interval ? fmt::format("<td class=\"interval\">{}</td>", readable_interval(cell, column)) : "";
  switch (column.kind) {
    case Column::Kind::number:
      return fmt::format("<td class=\"n\">{}</td>{}", text, interval);
    case Column::Kind::policy:
      return fmt::format("<td class=\"policy\"><i class=\"dot\" style=\"--c:var(--c-{})\"></i>{}</td>{}",
                         reporting::colour_of(cell.text), text, interval);
    case Column::Kind::text:
      break;
  }
  const char* kind = text.size() < 32 ? " class=\"word\"" : "";
  return fmt::format("<td{}>{}</td>{}", kind, text, interval);
}

std::string head_html(const Column& column) {
  const std::string name = html_text(column.name);
  if (column.kind != Column::Kind::number) return fmt::format("<th scope=\"col\">{}</th>", name);
  return fmt::format("<th scope=\"col\" class=\"n\">{}</th>{}", name,
                     column.interval ? "<th class=\"interval\">95 %</th>" : "");
}

std::string table_html(const Table& table, const Section& section) {
  constexpr std::size_t kShort = 14;  // longer ones are opened by who wants them
  std::string out = fmt::format(
      "<details class=\"table\"{}><summary><h3>{}</h3><span class=\"rows\">{}</span>"
      "<a class=\"csv\" download=\"{}.csv\" href=\"{}\">CSV</a></summary>\n"
      "<div class=\"scroll\"><table><thead><tr>",
      table.rows.size() <= kShort ? " open" : "", html_text(table.title),
      table.rows.size() == 1 ? "1 row" : fmt::format("{} rows", table.rows.size()),
      file_name(section.title + " " + table.title), data_uri("text/csv", to_csv(table)));
  for (const Column& column : table.columns) out += head_html(column);
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) out += cell_html(row[i], table.columns[i]);
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></details>\n";
}

std::string figure_html(const Figure& figure, int number) {
  return fmt::format(
      "<figure class=\"chart\" id=\"figure-{0}\"><figcaption><h3>{1}</h3><p>{2}</p></figcaption>\n"
      "<div class=\"legend\"></div><div class=\"plot\"><canvas role=\"img\" aria-label=\"{1}\" "
      "data-figure=\"{0}\"></canvas></div></figure>\n",
      number, html_text(figure.title), html_text(figure.caption));
}

std::string heat_map_html(const HeatMap& map) {
  std::string out = fmt::format(
      "<figure class=\"heat\" style=\"--c:var(--c-{})\"><figcaption><h4>{}</h4></figcaption>\n"
      "<div class=\"scroll\"><table><thead><tr><th class=\"corner\">{} \\ {}</th>",
      map.colour, html_text(map.title), html_text(map.row_label), html_text(map.column_label));
  for (const std::string& name : map.columns)
    out += fmt::format("<th scope=\"col\">{}</th>", html_text(name));
  out += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", html_text(map.rows[i]));
    for (const auto& value : map.values[i]) {
      if (!value || !std::isfinite(*value)) {
        out += "<td class=\"none\"></td>";
        continue;
      }
      const double share = std::clamp(*value, 0.0, 1.0);
      out += fmt::format("<td{} style=\"--v:{:.3f}\">{:.0f}</td>", share > 0.55 ? " class=\"strong\"" : "",
                         share, 100 * *value);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></figure>\n";
}

// Maps of one group in a part that opens and closes; the first is open.
std::string heat_maps_html(const Section& section) {
  std::string out;
  const std::string* group = nullptr;
  for (const HeatMap& map : section.heat_maps) {
    if (group == nullptr || *group != map.group) {
      if (group != nullptr) out += "</div></details>\n";
      out += fmt::format("<details class=\"group\"{}><summary><h3>{}</h3></summary><div class=\"heats\">\n",
                         group == nullptr ? " open" : "", html_text(map.group));
    }
    group = &map.group;
    out += heat_map_html(map);
  }
  return group == nullptr ? out : out + "</div></details>\n";
}

std::string kept_maps_html(const Section& section, int first) {
  if (section.kept_maps.empty()) return {};
  std::string options;
  for (std::size_t i = 0; i < section.kept_maps.size(); ++i) {
    options += fmt::format("<option value=\"{}\">{}</option>", first + static_cast<int>(i),
                           html_text(section.kept_maps[i].title));
  }
  return fmt::format(
      "<figure class=\"kept\"><figcaption><h3>Kept tokens</h3><p>Every row is a step of reading, every "
      "column a "
      "token of the text: it is coloured while the state keeps it. Point, drag, or use the arrow keys to "
      "move "
      "through the text.</p></figcaption>\n"
      "<div class=\"controls\"><label>State <select data-choose=\"map\">{}</select></label>"
      "<label>Layer <select data-choose=\"band\"></select></label>"
      "<button type=\"button\" data-play>Play</button>"
      "<input type=\"range\" min=\"0\" value=\"0\" aria-label=\"Token\"><output></output></div>\n"
      "<div class=\"beside\"><div class=\"maps\"><canvas class=\"steps\" role=\"img\" aria-label=\"Kept "
      "tokens, step "
      "by step\"></canvas><canvas class=\"layers\" role=\"img\" aria-label=\"Kept tokens in each "
      "layer\"></canvas>"
      "</div><div class=\"text\" tabindex=\"0\"></div></div></figure>\n",
      options);
}

std::string facts_html(const Section& section) {
  if (section.facts.empty()) return {};
  std::string out = "<details class=\"facts\"><summary>How it was run</summary><dl>\n";
  for (const auto& [name, value] : section.facts) {
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(name), html_text(value));
  }
  return out + "</dl></details>\n";
}

// Numbers figures and maps on, as figures_json does.
std::string section_html(const Section& section, std::size_t index, int& figures, int& kept_maps) {
  std::string out = fmt::format("<section id=\"section-{}\"><h2>{}</h2>\n", index, html_text(section.title));
  if (!section.lead.empty()) out += fmt::format("<p class=\"lead\">{}</p>\n", html_text(section.lead));
  if (!section.figures.empty()) {
    out += "<div class=\"figures\">";
    for (const Figure& figure : section.figures) out += figure_html(figure, figures++);
    out += "</div>\n";
  }
  out += heat_maps_html(section);
  out += kept_maps_html(section, kept_maps);
  kept_maps += static_cast<int>(section.kept_maps.size());
  for (const Table& table : section.tables) out += table_html(table, section);
  return out + facts_html(section) + "</section>\n";
}

std::string contents_html(const reporting::Report& report) {
  if (report.sections.size() < 2) return {};
  std::string out;
  for (std::size_t i = 0; i < report.sections.size(); ++i) {
    out += fmt::format("<li><a href=\"#section-{}\">{}</a></li>", i, html_text(report.sections[i].title));
  }
  return "<nav><ol>" + out + "</ol></nav>";
}

}  // namespace

std::string to_html(const reporting::Report& report) {
  std::string sections;
  int figures = 0, kept_maps = 0;
  for (std::size_t i = 0; i < report.sections.size(); ++i) {
    sections += section_html(report.sections[i], i, figures, kept_maps);
  }
  const std::string library(embedded::chart_library());
  const std::string script =
      fmt::format("{}\n{}\n{}", embedded::theme(), embedded::figures(), embedded::kept_map());
  return fill(embedded::page(), {
                                    {"title", html_text(report.title)},
                                    {"script_hashes", script_hash(library) + " " + script_hash(script)},
                                    {"style", std::string(embedded::style())},
                                    {"contents", contents_html(report)},
                                    {"sections", sections},
                                    {"data", html_json(figures_json(report))},
                                    {"library", library},
                                    {"script", script},
                                });
}

}  // namespace msrnn
