#include "eval/report/fields.h"

#include <utility>

#include "base/fail.h"

namespace msrnn::reporting {

namespace {
using Json = nlohmann::ordered_json;
}

const Json* Fields::find(const std::string& name) const {
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void Fields::mistyped(const std::string& name, const char* expected) const {
  std::string value = (*object_)[name].dump(-1, ' ', true, Json::error_handler_t::replace);
  if (value.size() > 60) value = value.substr(0, 57) + "...";
  fail("{}: expected {} as \"{}\", found {}", place_, expected, name, value);
}

std::optional<double> Fields::number(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) mistyped(name, "a number");
  return value->get<double>();
}

std::string Fields::text(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) mistyped(name, "a text");
  return value->get<std::string>();
}

Cell Fields::estimate(const std::string& name, const std::string& low, const std::string& high) const {
  const Json* value = find(name);
  if (value != nullptr && value->is_object()) {
    return Fields(place_ + ", " + name, *value).estimate("mean", "low", "high");
  }
  Cell cell = {.text = {}, .number = number(name)};
  if (low.empty() || high.empty()) return cell;
  const std::optional<double> from = number(low), to = number(high);
  if (from && to) cell.interval = Interval{*from, *to};
  return cell;
}

const Json& Fields::list(const Json& value, const std::string& name, const char* expected) const {
  if (!value.is_array()) mistyped(name, expected);
  return value;
}

std::vector<std::string> Fields::texts(const std::string& name) const {
  constexpr const char* kExpected = "a list of texts";
  std::vector<std::string> texts;
  if (!has(name)) return texts;
  for (const Json& text : list(*find(name), name, kExpected)) {
    if (!text.is_string()) mistyped(name, kExpected);
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::vector<std::vector<std::vector<std::int32_t>>> Fields::integer_cube(const std::string& name) const {
  constexpr const char* kExpected = "lists of lists of lists of whole numbers";
  std::vector<std::vector<std::vector<std::int32_t>>> cube;
  if (!has(name)) return cube;
  for (const Json& plane : list(*find(name), name, kExpected)) {
    auto& rows = cube.emplace_back();
    for (const Json& row : list(plane, name, kExpected)) {
      auto& integers = rows.emplace_back();
      for (const Json& value : list(row, name, kExpected)) {
        if (!value.is_number_integer() || !std::in_range<std::int32_t>(value.get<std::int64_t>())) {
          mistyped(name, kExpected);
        }
        integers.push_back(value.get<std::int32_t>());
      }
    }
  }
  return cube;
}

std::optional<Fields> Fields::object_at(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) mistyped(name, "an object");
  return Fields(place_ + ", " + name, *value);
}

Cell cell_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_number()) return {.text = {}, .number = value.get<double>()};
  if (value.is_string()) return {.text = value.get<std::string>()};
  if (value.is_boolean()) return {.text = value.get<bool>() ? "yes" : "no"};
  return {.text = value.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace msrnn::reporting
