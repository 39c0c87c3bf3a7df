// JSON as values of a template, and the golden cases.
#pragma once

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "jinja/template.h"

namespace msrnn::jinja {

using Json = nlohmann::ordered_json;

inline Value from_json(const Json& json) {
  if (json.is_null()) return Value::none();
  if (json.is_boolean()) return Value::boolean(json.get<bool>());
  if (json.is_number_integer()) return Value::integer(json.get<std::int64_t>());
  if (json.is_number()) return Value::real(json.get<double>());
  if (json.is_string()) return Value::text(json.get<std::string>());
  if (json.is_array()) {
    std::vector<Value> items;
    for (const Json& item : json) items.push_back(from_json(item));
    return Value::list(std::move(items));
  }
  std::vector<Entry> entries;
  for (const auto& [key, value] : json.items()) entries.emplace_back(Value::text(key), from_json(value));
  return Value::dict(std::move(entries));
}

inline std::vector<std::pair<std::string, Value>> variables_from(const Json& json) {
  std::vector<std::pair<std::string, Value>> variables;
  for (const auto& [key, value] : json.items()) variables.emplace_back(key, from_json(value));
  return variables;
}

// The moment the golden file was made at: 2024-07-26 12:34:56, a Friday.
inline std::tm golden_time() {
  std::tm time{};
  time.tm_year = 124;
  time.tm_mon = 6;
  time.tm_mday = 26;
  time.tm_hour = 12;
  time.tm_min = 34;
  time.tm_sec = 56;
  time.tm_wday = 5;
  time.tm_yday = 207;
  return time;
}

// {"variables": [{…}, …], "cases": [{"name", "template", "expected": [text or null, one per set of
// variables]}]}
inline const Json& golden() {
  static const Json json = [] {
    const char* other = std::getenv("MSRNN_JINJA_GOLDEN");  // of make_golden.py with a folder
    const char* path = other != nullptr ? other : MSRNN_JINJA_GOLDEN;
    std::ifstream file(path);
    if (!file) fail("cannot read {}", path);
    return Json::parse(file);
  }();
  return json;
}

}  // namespace msrnn::jinja
