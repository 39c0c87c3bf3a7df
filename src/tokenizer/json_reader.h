// Reading objects of tokenizer.json, with errors that name the place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace msrnn {

// An object, and where it is in the file. A member that is null counts as missing.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string path);  // Error where it is no object

  bool has(const char* key) const { return find(key) != nullptr; }
  const std::string& text(const char* key) const;
  std::string text_or(const char* key, std::string_view fallback) const;
  bool flag_or(const char* key, bool fallback) const;
  std::int64_t integer(const char* key) const;
  JsonNode object(const char* key) const;
  const nlohmann::json& array(const char* key) const;
  std::vector<JsonNode> objects(const char* key) const;  // an array of them

  // What the member "type" says.
  const std::string& type() const { return text("type"); }
  const nlohmann::json& json() const { return *value_; }

  [[noreturn]] void fail_at(const char* key, std::string_view problem) const;
  [[noreturn]] void refuse() const;                      // the whole object, by its type
  void refuse_unless(bool fine, const char* key) const;  // a member, by its value

 private:
  const nlohmann::json* find(const char* key) const;
  [[noreturn]] void fail_type(const char* key, std::string_view expected) const;

  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace msrnn
