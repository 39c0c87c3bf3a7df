#include "tokenizer/json_reader.h"

#include <limits>

#include "base/fail.h"

namespace msrnn {

JsonNode::JsonNode(const nlohmann::json& value, std::string path) : value_(&value), path_(std::move(path)) {
  if (!value.is_object()) fail("{}: expected an object, found {}", path_, value.type_name());
}

const nlohmann::json* JsonNode::find(const char* key) const {
  const auto member = value_->find(key);
  return member == value_->end() || member->is_null() ? nullptr : &*member;
}

void JsonNode::fail_at(const char* key, std::string_view problem) const {
  fail("{}: {}: {}", path_, key, problem);
}

void JsonNode::fail_type(const char* key, std::string_view expected) const {
  const nlohmann::json* member = find(key);
  fail_at(key, fmt::format("expected {}, found {}", expected,
                           member == nullptr ? "nothing" : member->type_name()));
}

void JsonNode::refuse() const { fail("{}: {} is not supported", path_, type()); }

void JsonNode::refuse_unless(bool fine, const char* key) const {
  if (fine) return;
  const nlohmann::json* member = find(key);
  fail_at(key, fmt::format("{} is not supported", member == nullptr ? "its default" : member->dump()));
}

const std::string& JsonNode::text(const char* key) const {
  const nlohmann::json* member = find(key);
  if (member == nullptr || !member->is_string()) fail_type(key, "a text");
  return member->get_ref<const std::string&>();
}

std::string JsonNode::text_or(const char* key, std::string_view fallback) const {
  return has(key) ? text(key) : std::string(fallback);
}

bool JsonNode::flag_or(const char* key, bool fallback) const {
  const nlohmann::json* member = find(key);
  if (member == nullptr) return fallback;
  if (!member->is_boolean()) fail_type(key, "true or false");
  return member->get<bool>();
}

std::int64_t JsonNode::integer(const char* key) const {
  const nlohmann::json* member = find(key);
  if (member == nullptr || !member->is_number_integer()) fail_type(key, "an integer");
  if (member->is_number_unsigned() &&
      member->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    fail_type(key, "a smaller integer");
  }
  return member->get<std::int64_t>();
}

JsonNode JsonNode::object(const char* key) const {
  const nlohmann::json* member = find(key);
  if (member == nullptr) fail_type(key, "an object");
  return {*member, fmt::format("{}: {}", path_, key)};
}

const nlohmann::json& JsonNode::array(const char* key) const {
  const nlohmann::json* member = find(key);
  if (member == nullptr || !member->is_array()) fail_type(key, "an array");
  return *member;
}

std::vector<JsonNode> JsonNode::objects(const char* key) const {
  std::vector<JsonNode> all;
  for (const nlohmann::json& element : array(key)) {
    all.emplace_back(element, fmt::format("{}: {}[{}]", path_, key, all.size()));
  }
  return all;
}

}  // namespace msrnn
