#include "eval/report/figures_json.h"

#include "eval/report/base64.h"

namespace msrnn::reporting {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Figure::Kind kind) {
  switch (kind) {
    case Figure::Kind::lines:
      return "lines";
    case Figure::Kind::bars:
      return "bars";
    case Figure::Kind::shares:
      return "shares";
  }
  return "";
}

Json to_json(const Axis& axis) {
  return {{"label", axis.label},
          {"logarithmic", axis.logarithmic},
          {"end", axis.end ? Json(*axis.end) : Json()},
          {"categories", axis.categories},
          {"marks", axis.marks}};
}

Json to_json(const Figure& figure) {
  Json all = Json::array();
  for (const Series& series : figure.series) {
    Json points = Json::array();
    for (const Point& point : series.points) {
      Json numbers = {point.x, point.y};
      if (point.interval) {
        numbers.push_back(point.interval->low);
        numbers.push_back(point.interval->high);
      }
      points.push_back(std::move(numbers));
    }
    all.push_back({{"name", series.name},
                   {"colour", series.colour},
                   {"dashed", series.dashed},
                   {"points", std::move(points)}});
  }
  return {{"kind", name_of(figure.kind)},
          {"x", to_json(figure.x)},
          {"y", to_json(figure.y)},
          {"series", std::move(all)}};
}

Json to_json(const KeptMap& map) {
  Json dropped_at = Json::array();
  for (const auto& steps : map.dropped_at) dropped_at.push_back(base64_of_steps(steps));
  return {{"title", map.title},
          {"colour", map.colour},
          {"tokens", map.tokens},
          {"bands", map.bands},
          {"dropped_at", std::move(dropped_at)}};
}

}  // namespace

Json figures_json(const Report& report) {
  Json figures = Json::array(), kept_maps = Json::array();
  for (const Section& section : report.sections) {
    for (const Figure& figure : section.figures) figures.push_back(to_json(figure));
    for (const KeptMap& map : section.kept_maps) kept_maps.push_back(to_json(map));
  }
  return {{"figures", std::move(figures)}, {"kept_maps", std::move(kept_maps)}};
}

}  // namespace msrnn::reporting
