// JSON in model files, which is as untrusted as everything else in them: no duplicate keys, bounded depth,
// and typed reading whose errors name the file and the key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/fail.h"

namespace msrnn {

// The object that `text` is. `source` names it in errors. Members of the outermost object that are called
// `skipped` are checked as text but not kept.
nlohmann::json parse_json_object(std::string_view text, std::string_view source,
                                 std::string_view skipped = {});

// A view of an object: both arguments must outlive it.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& object, std::string_view source) : object_(&object), source_(source) {}

  // There is such a member and it is not null. A member that is null counts as missing everywhere below.
  bool has(std::string_view key) const;

  // Required: missing or of another type is an Error. An integer is also a number.
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;  // finite
  bool boolean(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  JsonObject object(std::string_view key) const;

  // Optional: the fallback if missing, an Error if of another type.
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;

  // An integer of at least 1 and at most `most`.
  std::int64_t positive(std::string_view key, std::int64_t most) const;

  // The member, or null.
  const nlohmann::json* find(std::string_view key) const;

  const nlohmann::json& json() const { return *object_; }
  std::string_view source() const { return source_; }

  template <class... Args>
  [[noreturn]] void fail_at(std::string_view key, fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: {}: {}", source_, key, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  [[noreturn]] void fail_type(std::string_view key, std::string_view expected) const;

  const nlohmann::json* object_;
  std::string_view source_;
};

}  // namespace msrnn
