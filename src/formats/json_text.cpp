#include "formats/json_text.h"

#include <cmath>
#include <limits>
#include <unordered_set>

namespace msrnn {
namespace {

constexpr int kMostDepth = 64;

// Watches a parse: counts depth, and finds keys that an object has twice.
class KeyGuard {
 public:
  KeyGuard(std::string_view source, std::string_view skipped) : source_(source), skipped_(skipped) {}

  // Whether to keep what was read.
  bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > kMostDepth) fail("{}: nested deeper than {} levels", source_, kMostDepth);
    if (event == Event::object_start) {
      keys_.resize(std::max(keys_.size(), static_cast<std::size_t>(depth) + 2));
      keys_[static_cast<std::size_t>(depth) + 1].clear();
    }
    if (event != Event::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (!keys_[static_cast<std::size_t>(depth)].insert(key).second) {
      fail("{}: the key {:?} occurs twice in one object", source_, key);
    }
    return depth != 1 || skipped_.empty() || key != skipped_;
  }

 private:
  std::string_view source_, skipped_;
  std::vector<std::unordered_set<std::string>> keys_;  // by depth, of the object that is being read there
};

}  // namespace

nlohmann::json parse_json_object(std::string_view text, std::string_view source, std::string_view skipped) {
  try {
    nlohmann::json object = nlohmann::json::parse(
        text, [guard = KeyGuard(source, skipped)](int depth, nlohmann::json::parse_event_t event,
                                                  nlohmann::json& parsed) mutable {
          return guard(depth, event, parsed);
        });
    if (!object.is_object()) fail("{}: expected a JSON object, found {}", source, object.type_name());
    return object;
  } catch (const nlohmann::json::exception& error) {
    const std::string_view message = error.what();  // "[json.exception.parse_error.101] parse error at …"
    const std::size_t tag = message.find("] ");
    fail("{}: not valid JSON: {}", source, tag == std::string_view::npos ? message : message.substr(tag + 2));
  }
}

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto member = object_->find(key);
  return member == object_->end() || member->is_null() ? nullptr : &*member;
}

bool JsonObject::has(std::string_view key) const { return find(key) != nullptr; }

void JsonObject::fail_type(std::string_view key, std::string_view expected) const {
  const nlohmann::json* value = find(key);
  fail_at(key, "expected {}, found {}", expected, value == nullptr ? "nothing" : value->type_name());
}

std::int64_t JsonObject::integer(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_number_integer()) fail_type(key, "an integer");
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail_at(key, "expected a signed 64-bit integer, found {}", value->get<std::uint64_t>());
  }
  return value->get<std::int64_t>();
}

double JsonObject::number(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_number()) fail_type(key, "a number");
  return value->get<double>();  // JSON has no infinities, and the parser refuses what overflows
}

bool JsonObject::boolean(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_boolean()) fail_type(key, "true or false");
  return value->get<bool>();
}

const std::string& JsonObject::text(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_string()) fail_type(key, "a text");
  return value->get_ref<const std::string&>();
}

std::vector<double> JsonObject::numbers(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_array()) fail_type(key, "an array of numbers");
  std::vector<double> numbers;
  for (const nlohmann::json& element : *value) {
    if (!element.is_number()) fail_at(key, "expected numbers only, found {}", element.type_name());
    numbers.push_back(element.get<double>());
  }
  return numbers;
}

std::vector<std::string> JsonObject::texts(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_array()) fail_type(key, "an array of texts");
  std::vector<std::string> texts;
  for (const nlohmann::json& element : *value) {
    if (!element.is_string()) fail_at(key, "expected texts only, found {}", element.type_name());
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

JsonObject JsonObject::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_object()) fail_type(key, "an object");
  return {*value, source_};
}

std::int64_t JsonObject::integer_or(std::string_view key, std::int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}
double JsonObject::number_or(std::string_view key, double fallback) const {
  return has(key) ? number(key) : fallback;
}
bool JsonObject::boolean_or(std::string_view key, bool fallback) const {
  return has(key) ? boolean(key) : fallback;
}
std::string JsonObject::text_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? text(key) : std::string(fallback);
}

std::int64_t JsonObject::positive(std::string_view key, std::int64_t most) const {
  const std::int64_t value = integer(key);
  if (value < 1 || value > most) fail_at(key, "expected a number from 1 to {}, found {}", most, value);
  return value;
}

}  // namespace msrnn
