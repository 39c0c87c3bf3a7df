// Reading fields of results, which may be anything: what is missing or null is no value, what is of another
// type is an error that names the result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/report/report.h"

namespace msrnn::reporting {

class Fields {
 public:
  // place: what messages say; the object must outlive this.
  Fields(std::string place, const nlohmann::ordered_json& object)
      : place_(std::move(place)), object_(&object) {}

  std::optional<double> number(const std::string& name) const;
  std::string text(const std::string& name) const;  // empty if missing
  // A number, with the interval that the fields low and high have; or an object {"mean", "low", "high"}.
  Cell estimate(const std::string& name, const std::string& low = {}, const std::string& high = {}) const;

  std::vector<std::string> texts(const std::string& name) const;
  // Lists of lists of lists.
  std::vector<std::vector<std::vector<std::int32_t>>> integer_cube(const std::string& name) const;
  // An object in this one; none if missing.
  std::optional<Fields> object_at(const std::string& name) const;

  bool has(const std::string& name) const { return find(name) != nullptr; }
  const std::string& place() const { return place_; }
  const nlohmann::ordered_json& object() const { return *object_; }

 private:
  // Null where it is missing or null.
  const nlohmann::ordered_json* find(const std::string& name) const;
  const nlohmann::ordered_json& list(const nlohmann::ordered_json& value, const std::string& name,
                                     const char* expected) const;
  [[noreturn]] void mistyped(const std::string& name, const char* expected) const;

  std::string place_;
  const nlohmann::ordered_json* object_;
};

// Any value in words, for tables of results that are not known: numbers and texts as they are, all else as
// JSON.
Cell cell_of(const nlohmann::ordered_json& value);

}  // namespace msrnn::reporting
